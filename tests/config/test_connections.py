"""Does a thread's database connection end with its thread?"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from config.connections import end_with_threads


@pytest.fixture(autouse=True)
def _ending() -> Iterator[None]:
    end_with_threads()
    gc.disable()  # nothing but the end of a thread may close
    yield
    gc.enable()
    connection_created.disconnect(dispatch_uid="config.connections")


def test_an_ended_threads_connection_is_closed_without_a_garbage_collection() -> None:
    opened: list[psycopg.Connection[Any]] = []

    def ask() -> None:
        connection.ensure_connection()
        opened.append(connection.connection)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()

    assert [session.closed for session in opened] == [True, True, True]


def test_a_thread_that_works_on_keeps_its_connection() -> None:
    connection.close()
    connection.ensure_connection()
    first = connection.connection
    connection.ensure_connection()
    assert connection.connection is first
    assert not first.closed
