"""How does one message become an e-mail?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from html import escape

from channels.contract import Content, Outbound
from channels.errors import BadAddress, Permanent
from channels.formatting import fit

# Not every server takes 8-bit text; base64 and quoted-printable pass everywhere.
SEVEN_BIT = SMTP.clone(cte_type="7bit")
SUBJECT_LIMIT = 78  # of one that we make: RFC 5322, 2.1.1


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
    message["From"] = mailbox(sender.address, sender.name, "from_address")
    message["To"] = _recipient(outbound.address)
    message["Subject"] = subject_of(outbound.content)
    message["Message-ID"] = message_id(sender, outbound)
    message["Date"] = format_datetime(sent_at)
    if sender.reply_to:
        message["Reply-To"] = mailbox(sender.reply_to, "", "reply_to")
    for name, value in list_headers(outbound).items():
        message[name] = value
    message.set_content(text_of(outbound.content), charset="utf-8")
    if html := html_of(outbound.content):
        # quoted-printable would be tried in Python: two milliseconds a letter
        message.add_alternative(html, subtype="html", charset="utf-8", cte="base64")
    if outbound.language:  # after the content, which clears all Content- headers
        message["Content-Language"] = one_line(outbound.language, "language")
    return message


def subject_of(content: Content) -> str:
    """Give the title, else how the text begins: most providers refuse a letter without a subject.

    Raises Permanent for a title of two lines.
    """
    return one_line(content.title or " ".join(content.body.split())[:SUBJECT_LIMIT], "subject")


def text_of(content: Content) -> str:
    """Give the plain part: buttons become lines with their links."""
    return fit(content, "email").text


def html_of(content: Content) -> str:
    """Give the HTML part with the picture and the buttons that it lacks; "" when text says all.

    A page of its own was made whole, and its links may lead elsewhere than the buttons say.
    """
    if content.html.startswith("<!doctype"):
        return content.html
    pieces = []
    if content.image_url and escape(content.image_url) not in content.html:
        pieces.append(
            f'<p><img src="{escape(content.image_url)}" alt="" style="max-width:100%"></p>'
        )
    pieces += [
        f'<p><a href="{escape(button.url)}">{escape(button.text)}</a></p>'
        for button in content.buttons
        if button.url and escape(button.url) not in content.html
    ]
    if not pieces:
        return content.html
    html = content.html or f"<p>{escape(content.body)}</p>".replace("\n", "<br>\n")
    head, end, tail = html.rpartition("</body>")
    return head + "".join(pieces) + end + tail if end else html + "".join(pieces)


def message_id(sender: Sender, outbound: Outbound) -> str:
    """Name the e-mail after our message: bounces and replies quote it."""
    domain = sender.address.rpartition("@")[2]
    return f"<{one_line(outbound.message_id, 'id')}@{_ascii_domain(domain)}>"


def envelope_address(address: str) -> str:
    """Give the address as SMTP wants it: an international domain in its ASCII form."""
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain) or not local.isascii():
        raise BadAddress("not an e-mail address that this server takes", scope="address")
    if any(sign in address for sign in "\r\n<> \t,;"):
        raise BadAddress("not an e-mail address", scope="address")
    return f"{local}@{_ascii_domain(domain)}"


def mailbox(address: str, name: str, field: str) -> Address:
    """Pair an address with a name; field: whose it is, for the error's words."""
    try:
        return Address(one_line(name, "from_name"), addr_spec=envelope_address(address))
    except (ValueError, IndexError, BadAddress) as error:
        if field == "address":
            raise BadAddress("not an e-mail address", scope="address") from error
        raise Permanent(f"{field} is not an e-mail address") from error


def list_headers(outbound: Outbound) -> dict[str, str]:
    """Say to mail programs what kind of letter it is, and how it is unsubscribed from.

    One-click unsubscribing (RFC 8058) where the message has its link; no automatic answers to
    service letters (RFC 3834); Gmail's Feedback-ID, by which it counts complaints.
    """
    is_service = outbound.category == "tx"
    headers = {"Auto-Submitted": "auto-generated"} if is_service else {}
    if feedback := outbound.extra.get("feedback_id"):
        headers["Feedback-ID"] = one_line(str(feedback), "feedback_id")
    if url := one_line(str(outbound.extra.get("unsubscribe_url", "")), "unsubscribe_url"):
        headers["List-Unsubscribe"] = f"<{url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def one_line(text: str, field: str) -> str:
    """Give back a header's text; raises Permanent for a line break, which would start another."""
    if any(sign in text for sign in "\r\n\x00"):
        raise Permanent(f"line break in {field}")
    return text


def _recipient(address: str) -> Address:
    return mailbox(envelope_address(address), "", "address")


@lru_cache(maxsize=4096)  # most clients are at a few large hosts
def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError as error:
        raise BadAddress("the domain is not a host name", scope="address") from error
