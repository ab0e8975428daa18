"""Does a provider take this account? One harmless call, or for mail servers one login."""

from __future__ import annotations

import time

from django.conf import settings
from django.db import connection

from channels.calls import LEASE_MARGIN_S
from channels.contract import Adapter
from channels.errors import BadCredentials, ProviderPaused
from channels.faults import FAULTS, unread, unwritten
from channels.guard import AddressGuard
from channels.request import HttpRequest
from channels.routing import routed
from channels.smtp_connection import SmtpAccount, SmtpConnection
from channels.transport import call

PROBE_S = 15.0  # a person waits for it


def verdict(adapter: Adapter) -> tuple[str, str]:
    """Ask the provider: the state that the account gets ("active", "paused"), and why.

    Raises the DeliveryError of a provider that cannot be asked now.
    """
    try:
        probe(adapter)
    except (BadCredentials, ProviderPaused) as refused:
        return "paused", refused.detail[:200]
    return "active", ""


def probe(adapter: Adapter) -> None:
    """Ask the provider; raises the DeliveryError that its answer means."""
    guard = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
    if adapter.sender == "smtp":
        _log_in(SmtpAccount.of(adapter.credentials), guard)
    elif request := _request(adapter):
        response = call(routed(request, adapter.credentials), guard)
        try:
            adapter.read_probe(response)
        except FAULTS as error:
            raise unread(response, error) from error


def may_be_asked(adapter: Adapter) -> bool:
    """Say whether its provider can be asked; raises DeliveryError when no call can be written."""
    return adapter.sender == "smtp" or _request(adapter) is not None


def _request(adapter: Adapter) -> HttpRequest | None:
    try:
        return adapter.probe()
    except FAULTS as error:
        raise unwritten(adapter, error) from error


def _log_in(account: SmtpAccount, guard: AddressGuard) -> None:
    line = SmtpConnection(account, guard)
    try:
        line.log_in(time.monotonic() + PROBE_S + LEASE_MARGIN_S)
    finally:
        line.close()


def patiently() -> None:
    """Let the open transaction of a page or a call be idle while its provider is asked."""
    if not connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("set local idle_in_transaction_session_timeout = '30s'")
