"""How does one message become an e-mail?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from channels.contract import Outbound
from channels.errors import BadAddress, Permanent

# Not every server takes 8-bit text; base64 and quoted-printable pass everywhere.
SEVEN_BIT = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the From and Reply-To of an integration."""

    address: str
    name: str = ""
    reply_to: str = ""


def build(sender: Sender, outbound: Outbound, *, sent_at: datetime) -> EmailMessage:
    """Write the e-mail with both parts and the headers that mailbox providers ask for.

    extra["unsubscribe_url"] adds one-click unsubscribing (RFC 8058).
    Raises Permanent for a line break in a header, BadAddress for what is no mail address.
    """
    message = EmailMessage(policy=SEVEN_BIT)
    message["From"] = _mailbox(sender.address, sender.name, "from_address")
    message["To"] = _recipient(outbound.address)
    message["Subject"] = _one_line(outbound.content.title, "subject")
    message["Message-ID"] = message_id(sender, outbound)
    message["Date"] = format_datetime(sent_at)
    if sender.reply_to:
        message["Reply-To"] = _mailbox(sender.reply_to, "", "reply_to")
    _add_unsubscribe(message, str(outbound.extra.get("unsubscribe_url", "")))
    message.set_content(outbound.content.body, charset="utf-8")
    if outbound.content.html:
        message.add_alternative(outbound.content.html, subtype="html", charset="utf-8")
    if outbound.language:  # after the content, which clears all Content- headers
        message["Content-Language"] = _one_line(outbound.language, "language")
    return message


def message_id(sender: Sender, outbound: Outbound) -> str:
    """Name the e-mail after our message: bounces and replies quote it."""
    domain = sender.address.rpartition("@")[2]
    return f"<{_one_line(outbound.message_id, 'id')}@{_ascii_domain(domain)}>"


def envelope_address(address: str) -> str:
    """Give the address as SMTP wants it: an international domain in its ASCII form."""
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain) or not local.isascii():
        raise BadAddress("not an e-mail address that this server takes", scope="address")
    if any(sign in address for sign in "\r\n<> \t,;"):
        raise BadAddress("not an e-mail address", scope="address")
    return f"{local}@{_ascii_domain(domain)}"


def _recipient(address: str) -> Address:
    return _mailbox(envelope_address(address), "", "address")


def _mailbox(address: str, name: str, field: str) -> Address:
    try:
        return Address(_one_line(name, "from_name"), addr_spec=envelope_address(address))
    except (ValueError, IndexError, BadAddress) as error:
        if field == "address":
            raise BadAddress("not an e-mail address", scope="address") from error
        raise Permanent(f"{field} is not an e-mail address") from error


def _add_unsubscribe(message: EmailMessage, url: str) -> None:
    if not url:
        return
    message["List-Unsubscribe"] = f"<{_one_line(url, 'unsubscribe_url')}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _one_line(text: str, field: str) -> str:
    if any(sign in text for sign in "\r\n\x00"):
        raise Permanent(f"line break in {field}")
    return text


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError as error:
        raise BadAddress("the domain is not a host name", scope="address") from error
