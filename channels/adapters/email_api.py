"""What is the same about all e-mail providers that anymail knows: it writes and reads, we carry.

anymail's backend and payload classes turn a letter into a request and an answer into a status;
its own sockets are never opened (docs/why/channels.md).
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from anymail.exceptions import AnymailError, AnymailInvalidAddress

from channels.adapters.email_letter import SENDER_FIELDS, SENDER_OPTIONAL, letter
from channels.adapters.table_adapter import TableAdapter, basic
from channels.contract import ChannelKind, Outbound, Receipt
from channels.errors import BadAddress, Permanent
from channels.fields import faults, is_email
from channels.request import HttpRequest, HttpResponse

#: What anymail raises at an answer that is not the one it expects.
UNREADABLE = (AnymailError, LookupError, TypeError, AttributeError, ValueError)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HttpResponse in the words of `requests`, as far as anymail asks."""

    status_code: int
    content: bytes
    url: str = ""

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.content)


class EmailApiAdapter(TableAdapter):
    """A provider of e-mail.

    Must override: provider, fields (with SENDER_FIELDS), place, meanings, backend, refusal_of.
    May override: extras, headers.
    """

    kinds = frozenset({ChannelKind.EMAIL})
    fields = {"api_key": True, **SENDER_FIELDS}
    optional = SENDER_OPTIONAL
    address_kinds = ("email",)
    #: the provider rewrites links and adds pixels unless told not to; we track ourselves
    tracks: ClassVar[bool] = False

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return faults(credentials, from_address=is_email, reply_to=is_email)

    @abstractmethod
    def backend(self) -> Any:
        """Make anymail's backend with this account's credentials."""

    def extras(self, outbound: Outbound) -> dict[str, Any]:
        """Give what goes into the provider's own JSON besides the letter."""
        return {}

    def headers(self, outbound: Outbound) -> dict[str, str]:
        """Give HTTP headers that anymail does not know."""
        return {}

    def request(self, outbound: Outbound) -> HttpRequest:
        with self.writing():
            params = self.payload(outbound).get_request_params(self._backend.api_url)
        return HttpRequest(
            method=params["method"],
            url=params["url"],
            headers=_headers(params) | self.headers(outbound),
            body=_body(params["data"]),
        )

    def payload(self, outbound: Outbound) -> Any:
        """Write the letter in the provider's terms, as anymail's payload."""
        message = letter(self.credentials, outbound)
        if self.tracks:
            message.track_opens = message.track_clicks = False
        if extras := self.extras(outbound):
            message.esp_extra = extras
        return self._backend.build_message_payload(message, {})

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn anymail's objections to a letter into ours; its own quote addresses and answers."""
        try:
            yield
        except AnymailInvalidAddress:  # the letter's own are checked already
            raise BadAddress("not an e-mail address", scope="address") from None
        except AnymailError as error:
            raise Permanent(f"{type(error).__name__}: {self.provider} cannot write it") from None

    def receipt(self, response: HttpResponse) -> Receipt:
        answer = Answer(response.status, response.body)
        try:
            self._backend.raise_for_status(answer, _Sent, None)
            statuses = self._backend.parse_recipient_status(answer, _Sent, None)
        except UNREADABLE:
            raise self.error_for(response) from None
        told = [status for status in statuses.values() if status.status != "unknown"]
        if told and told[0].status in {"sent", "queued"}:
            return taken(str(told[0].message_id or ""))
        if told and told[0].status in {"invalid", "rejected"}:
            words = f"{response.status} the recipient is {told[0].status}"
            raise BadAddress(words, scope="address")
        raise self.error_for(response)

    @cached_property
    def _backend(self) -> Any:
        return self.backend()


class _Someone:
    addr_spec = "recipient"


class _Sent:
    """The payload that an answer is read against: one recipient, whose address is not needed."""

    all_recipients = recipients = to_recipients = (_Someone,)
    to_emails = cc_and_bcc_emails = ()
    message_ids: ClassVar[dict[str, str]] = {}
    sender_domain = ""


def taken(provider_id: str) -> Receipt:
    """Give the receipt of a letter that the provider took."""
    return Receipt(provider_id, raw=json.dumps({"id": provider_id}))


def _headers(params: dict[str, Any]) -> dict[str, str]:
    headers = dict(params["headers"] or {})
    if params["auth"]:
        headers["Authorization"] = basic(*params["auth"])
    if isinstance(params["data"], dict):
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return headers


def _body(data: Any) -> bytes:
    return (urlencode(data, doseq=True) if isinstance(data, dict) else data).encode()
