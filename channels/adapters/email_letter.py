"""How does a message become a letter for the providers that are reached by HTTP?

The same headers as SMTP's letters (channels.mime), but for those that the provider writes itself:
Date and Message-ID.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from anymail.message import AnymailMessage

from channels.contract import Outbound
from channels.mime import (
    envelope_address,
    html_of,
    list_headers,
    mailbox,
    one_line,
    subject_of,
    text_of,
)

#: What our message id is called in the metadata that providers give back with their events.
METADATA_KEY = "kolokol_id"

SENDER_FIELDS = {"from_address": False, "from_name": False, "reply_to": False, "api_base": False}
SENDER_OPTIONAL = frozenset({"from_name", "reply_to", "api_base"})


def letter(credentials: Mapping[str, str], outbound: Outbound) -> Any:
    """Write the letter in anymail's terms; raises Permanent and BadAddress as channels.mime does.

    credentials: SENDER_FIELDS. The result takes further attributes of anymail (esp_extra...).
    """
    sender, reply_to = credentials["from_address"], credentials.get("reply_to", "")
    message = AnymailMessage(
        subject=subject_of(outbound.content),
        body=text_of(outbound.content),
        from_email=_own(sender, credentials.get("from_name", ""), "from_address"),
        to=[envelope_address(outbound.address)],
        reply_to=[_own(reply_to, "", "reply_to")] if reply_to else [],
        headers=headers_of(outbound),
        metadata={METADATA_KEY: outbound.message_id},
    )
    if html := html_of(outbound.content):
        message.attach_alternative(html, "text/html")
    return message


def headers_of(outbound: Outbound) -> dict[str, str]:
    """Give the headers that are ours to write."""
    language = {"Content-Language": one_line(outbound.language, "language")}
    return (language if outbound.language else {}) | list_headers(outbound)


@lru_cache(maxsize=4096)  # the same in every letter of an account
def _own(address: str, name: str, field: str) -> str:
    return str(mailbox(address, name, field))
