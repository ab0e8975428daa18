"""When does the database connection of a web server's thread end? With its thread.

The server lets idle threads go and makes new ones when calls come. Django keeps a connection per
thread in objects that refer to each other, so an ended thread's would stay open until a garbage
collection that hardly comes, and PostgreSQL would run out of connections.
"""

from __future__ import annotations

import threading
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

_thread = threading.local()


class _Ender:
    """Closes a connection when nobody holds it any more: its thread is over, or has another."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


def end_with_threads() -> None:
    """From now on connections of ended threads are closed."""
    connection_created.connect(_hold, dispatch_uid="config.connections")


def _hold(connection: BaseDatabaseWrapper, **_named: object) -> None:
    _thread.ender = _Ender(connection.connection)
