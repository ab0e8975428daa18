"""What does a mail server's refusal mean? Its reply code, read by the command that it answers."""

from __future__ import annotations

import re
import smtplib

from channels.errors import (
    BadAddress,
    BadCredentials,
    DeliveryError,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
)

CLOSED_WAIT_S = 30.0  # after a 421 that ends a conversation
#: RFC 4954: the server wants a login, or another one.
MOST_WORDS = 2_000  # characters of an answer that are cleaned; 200 of them are kept
LOGIN_REFUSED = {530, 534, 535, 538}


def greeting_failure(error: Exception) -> DeliveryError:
    """Read what went wrong before the first command about a message."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return refusal("login", error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPResponseException):
        return refusal("greeting", error.smtp_code, error.smtp_error)
    if isinstance(error, UnicodeError):
        return BadCredentials("the login holds signs that SMTP cannot carry")
    if isinstance(error, smtplib.SMTPException) and not isinstance(
        error, smtplib.SMTPServerDisconnected
    ):
        # STARTTLS or a login is set, and the server offers none that we know.
        return BadCredentials(f"{name}: the server does not offer what is set")
    return Temporary(f"{name} while connecting")


def refusal(step: str, code: int, words: bytes | str) -> DeliveryError:
    """Read a reply code (RFC 5321, 4.2) by the command that it answers."""
    detail = f"{step} {code} {clean(words)}"
    if code in LOGIN_REFUSED or (step == "login" and code >= 500):
        return BadCredentials(detail)
    if code == 421 and step != "greeting":  # RFC 5321, 3.8: the server closes the channel
        return RateLimited(detail, retry_after_s=CLOSED_WAIT_S)
    if code < 500:
        is_personal = step == "RCPT" and code in {450, 451}  # greylisted, locked, unknown for now
        return Temporary(detail, scope="address" if is_personal else "integration")
    if step in {"greeting", "MAIL"} or (step == "RCPT" and _forbids_relaying(_text(words))):
        return ProviderPaused(detail)  # it is we, or our sender, who may not write
    if step == "RCPT":
        return _no_recipient(detail, code, _text(words))
    return Permanent(detail)


def _forbids_relaying(words: str) -> bool:
    """Look for the word outside of host names: a client's own may hold it."""
    return any("relay" in word and not re.search(r"[.@]\w", word) for word in words.lower().split())


def _no_recipient(detail: str, code: int, words: str) -> DeliveryError:
    """Read a refused RCPT by its enhanced code (RFC 3463), where there is one."""
    is_enhanced = words.startswith("5.")
    if words.startswith("5.2.2") or (code == 552 and not is_enhanced):  # full: it is there
        return Temporary(detail, scope="address")
    # Policy or security, not this mailbox; a bare 554 is how lists of senders say no.
    if words.startswith("5.7.") or (code == 554 and not is_enhanced):
        return Permanent(detail)
    return BadAddress(detail, scope="address")


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)


def clean(words: bytes | str) -> str:
    """Take addresses out of a server's words."""
    return re.sub(r"\S*@\S*", "<address>", _text(words)[:MOST_WORDS])[:200]
