"""What does a letter say that came back? Delivery reports (RFC 3464) and complaints (RFC 5965).

A mail server tells of a failure by a letter to the sender of the envelope, which names our message
(VERP), and a mailbox provider sends us what a client called spam. Both quote the headers that we
wrote, with our message's id in Message-ID.

Anybody may write such a letter, so only what is hard to guess is believed: our message's id. Which
address it went to we know ourselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from email import policy
from email.message import Message
from email.parser import BytesParser
from uuid import UUID

from channels.told import StatusEvent

MOST_BYTES = 512 * 1024  # a report quotes at most the letter that came back
MOST_PARTS = 30  # of it and of what it quotes: thousands within each other take minutes to read
MOST_WORDS = 2_000  # characters of one line of a report; 300 of them are kept
MOST_GROUPS = 20  # of a delivery report; each of our letters has one reader

_VERP = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
_OUR_ID = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@", re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
#: Where the address of the envelope stands once a letter lies in a mailbox.
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
#: RFC 3463: no such mailbox, domain or system; a mailbox that was switched off.
_NOBODY = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_FULL = frozenset({"4.2.2", "5.2.2"})
_COMPLAINTS = frozenset({"abuse", "fraud"})
_OPT_OUTS = frozenset({"opt-out", "opt-out-list"})


def envelope_sender(bounce_address: str, message_id: str) -> str:
    """Give the sender that one letter's envelope has: its failure comes back to just this name."""
    local, _, domain = bounce_address.rpartition("@")
    return f"{local}+{UUID(message_id).hex}@{domain}"


def read_returned(raw: bytes) -> list[StatusEvent]:
    """Read a letter that came in: what it tells of our messages, nothing when it is no report.

    A delay tells nothing: the failure or the delivery will. Never raises for what strangers write.
    """
    if raw.lower().count(b"content-type") > MOST_PARTS:
        return []
    try:
        return _told(_read(raw[:MOST_BYTES]))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []  # what the standard library's parser makes of some strangers' letters


def _told(letter: Message) -> list[StatusEvent]:
    parts = _parts(letter)
    message_id = _message_id(letter, parts)
    if message_id is None:
        return []
    if status := parts.get("message/delivery-status"):
        return list(_failures(status, message_id))
    if complaint := parts.get("message/feedback-report"):
        return list(_complaints(_fields(complaint), message_id))
    return []


def _parts(letter: Message) -> dict[str, Message]:
    """Give the parts of the report itself, not those of the letter that it quotes."""
    return {part.get_content_type(): part for part in _groups(letter)}


def _read(text: bytes, *, is_head: bool = False) -> Message:
    return BytesParser(policy=policy.compat32).parsebytes(text, headersonly=is_head)


def _message_id(letter: Message, parts: Mapping[str, Message]) -> str | None:
    """Find which message is meant; None when it is none of ours."""
    head = _original(parts)
    named = _OUR_ID.search(str(head.get("Message-ID", ""))) if head else None
    verp = next(filter(None, map(_VERP.search, _envelopes(letter))), None)
    found = verp or named
    return str(UUID(found[1])) if found else None


def _envelopes(letter: Message) -> list[str]:
    return [str(value) for name in _DELIVERED_TO for value in letter.get_all(name, [])]


def _original(parts: Mapping[str, Message]) -> Message | None:
    """Give the headers of the letter that came back, be they all of it or a part."""
    if whole := parts.get("message/rfc822"):
        return next(iter(_groups(whole)), None)
    if headers := parts.get("text/rfc822-headers"):
        text = headers.get_payload(decode=True)
        return _read(text, is_head=True) if isinstance(text, bytes) else None
    return None


def _failures(status: Message, message_id: str) -> Iterator[StatusEvent]:
    """Read the groups of a delivery report; the first is about the server, each other a client."""
    for group in _groups(status)[1 : MOST_GROUPS + 1]:
        action = _word(group, "Action").lower()
        if action not in {"failed", "delivered"}:
            continue
        said = _word(group, "Diagnostic-Code")
        code = _code(_word(group, "Status"), said)
        told = _bounced(code) if action == "failed" else {"state": "delivered"}
        yield StatusEvent(
            key=f"dsn:{message_id}:{action}:{code}",
            message_id=message_id,
            raw=_raw(action=action, status=code, diagnostic=said),
            **told,
        )


def _bounced(code: str) -> dict[str, str]:
    """Tell a dead address from one that is full or well guarded."""
    if code in _NOBODY:
        return {"state": "bounced", "reason": "permanent_recipient", "effect": "dead"}
    if code in _FULL:
        return {"state": "bounced", "reason": "mailbox_full"}
    given_up = "attempts_exhausted" if code.startswith("4.") else "permanent_content"
    return {"state": "bounced", "reason": given_up}


def _code(status: str, diagnostic: str) -> str:
    """Give the enhanced code; x.0.0 says nothing, and the server's own words often say more."""
    found = _STATUS.search(status)
    code = found[1] if found else "5.0.0"
    more = _STATUS.search(diagnostic) if code.endswith(".0.0") else None
    return more[1] if more else code


def _complaints(fields: Mapping[str, str], message_id: str) -> Iterator[StatusEvent]:
    """Read a feedback report; "not-spam", viruses and login failures are no complaint of hers."""
    kind = fields.get("feedback-type", "").lower()
    effect = "complaint" if kind in _COMPLAINTS else "unsubscribed" if kind in _OPT_OUTS else ""
    if effect:
        yield StatusEvent(
            key=f"arf:{message_id}:{kind}",
            state="",
            message_id=message_id,
            reason=effect,
            effect=effect,
            raw=_raw(feedback=kind, agent=fields.get("user-agent", "")),
        )


def _groups(report: Message) -> list[Message]:
    inner = report.get_payload()
    return [part for part in inner if isinstance(part, Message)] if isinstance(inner, list) else []


def _fields(report: Message) -> dict[str, str]:
    """Read a feedback report's lines, which the parser leaves as they are."""
    if groups := _groups(report):  # message/*: parsed as a letter of headers only
        return {name.lower(): str(value) for part in groups for name, value in part.items()}
    lines = (line.partition(":") for line in str(report.get_payload()).splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _word(group: Message, name: str) -> str:
    return " ".join(str(group.get(name, ""))[:MOST_WORDS].split())


def _raw(**words: str) -> str:
    """Keep the server's words without the addresses in them."""
    masked = {name: re.sub(r"\S*@\S*", "<address>", word)[:300] for name, word in words.items()}
    return json.dumps(masked, ensure_ascii=False)
