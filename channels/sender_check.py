"""Will letters of this account arrive? What DNS says of the sender's domain, and its mailbox."""

from __future__ import annotations

from django.conf import settings

from channels.contract import Adapter, ChannelKind
from channels.dns_texts import Lookup, is_public
from channels.errors import BadCredentials, DeliveryError
from channels.guard import AddressGuard
from channels.mailbox import Mailbox, try_login
from channels.sending_domain import Finding, Sender, examine


def domain_of(adapter: Adapter) -> str:
    """Give the domain that letters of this account are from; "" when it sends none."""
    address = adapter.credentials.get("from_address", "")
    return address.rpartition("@")[2].lower() if ChannelKind.EMAIL in adapter.kinds else ""


def check_sender(adapter: Adapter) -> list[Finding]:
    """Look at the domain and the mailbox of an account; takes some seconds, raises nothing."""
    domain = domain_of(adapter)
    mailbox = Mailbox.of(adapter.credentials) if adapter.sender == "smtp" else None
    found = [_mailbox(mailbox)] if mailbox else []
    if not is_public(_ascii(domain)):
        return [Finding("domain", "wrong", "not_public", detail=domain), *found]
    sender = Sender(
        domain=_ascii(domain),
        provider=adapter.provider,
        server=adapter.credentials.get("host", ""),
        selector=adapter.credentials.get("dkim_selector", ""),
    )
    return examine(sender, Lookup(settings.DNS_SERVERS).texts) + found


def _mailbox(mailbox: Mailbox) -> Finding:
    guard = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
    try:
        try_login(mailbox, guard)
    except BadCredentials:
        return Finding("mailbox", "wrong", "mailbox_refused")
    except DeliveryError as error:
        return Finding("mailbox", "wrong", "mailbox_away", detail=error.detail)
    return Finding("mailbox", "ok", "mailbox_ok")


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""
