"""Amazon SNS: SMS abroad.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html, read 2026-11. Limits: 1600 characters,
20 SMS per second; new accounts may spend 1 USD a month and then fall silent. No key against
repeats, no report of delivery but in Amazon's own logs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import urlencode

from channels.adapters.aws_signing import AWS_FIELDS, signed
from channels.adapters.sms_api import (
    FORM,
    SMS_FIELDS,
    SMS_OPTIONAL,
    SmsAdapter,
    digits_of,
    text_of,
)
from channels.contract import Outbound, Place, Rate, Receipt
from channels.errors import BadAddress, BadCredentials, OptedOut, Permanent, RateLimited, Temporary
from channels.provider_words import Meaning, Refusal
from channels.request import HttpRequest, HttpResponse

VERSION = "2010-03-31"
SMS_TYPES = {"mk": "Promotional", "tx": "Transactional"}
RATE_WAIT_S = 1.0  # its rate is per second; it does not say how long to wait


class SnsAdapter(SmsAdapter):
    """One key of an account and region."""

    provider = "sns"
    fields = {**AWS_FIELDS, **SMS_FIELDS}
    optional = SMS_OPTIONAL
    place = Place.FOREIGN
    rates = (Rate("account", 20, 1.0),)
    hints = {
        "access_key_id": ("AWS: IAM → Users → Access keys", "AWS: IAM → Users → Access keys"),
        "region": ("Например eu-west-1", "Such as eu-west-1"),
    }
    meanings = (
        Meaning(BadAddress, code="InvalidParameter", words="phonenumber"),
        Meaning(Permanent, code="InvalidParameter"),
        Meaning(Permanent, code="InvalidParameterValue"),
        Meaning(OptedOut, code="OptedOut"),
        Meaning(BadCredentials, code="AuthorizationError"),
        Meaning(BadCredentials, code="AccessDenied"),
        Meaning(BadCredentials, code="InvalidClientTokenId"),
        Meaning(BadCredentials, code="SignatureDoesNotMatch"),
        Meaning(RateLimited, code="Throttling", wait_s=RATE_WAIT_S),
        Meaning(RateLimited, code="Throttled", wait_s=RATE_WAIT_S),
        Meaning(Temporary, code="InternalError"),
    )

    def request(self, outbound: Outbound) -> HttpRequest:
        attributes = {"SMSType": SMS_TYPES.get(outbound.category, "Transactional")}
        if sender := self.sender_of(outbound):
            attributes["SenderID"] = sender
        form = {"PhoneNumber": f"+{digits_of(outbound)}", "Message": text_of(outbound)}
        return self._call("Publish", form | _attributes(attributes))

    def receipt(self, response: HttpResponse) -> Receipt:
        message_id = _element(response.body, "MessageId")
        if response.status != 200 or not message_id:
            raise self.error_for(response)
        return Receipt(message_id, raw=json.dumps({"id": message_id}))

    def probe(self) -> HttpRequest:
        return self._call("GetSMSAttributes", {})

    def refusal_of(self, response: HttpResponse) -> Refusal:
        code, words = _element(response.body, "Code"), _element(response.body, "Message")
        return Refusal(response.status, code, words, response.headers)

    def _call(self, action: str, form: Mapping[str, str]) -> HttpRequest:
        region = self.credentials["region"]
        body = urlencode({"Action": action, "Version": VERSION, **form})
        request = HttpRequest(
            method="POST",
            url=self.api_url("/", f"https://sns.{region}.amazonaws.com"),
            headers=FORM,
            body=body.encode(),
        )
        return signed(request, self.credentials, "sns")


def _attributes(values: Mapping[str, str]) -> dict[str, str]:
    """Write message attributes in the flat form of the query protocol."""
    form = {}
    for number, (name, value) in enumerate(values.items(), start=1):
        entry = f"MessageAttributes.entry.{number}"
        form[f"{entry}.Name"] = f"AWS.SNS.SMS.{name}"
        form[f"{entry}.Value.DataType"] = "String"
        form[f"{entry}.Value.StringValue"] = value
    return form


def _element(body: bytes, name: str) -> str:
    """Read the one element of this name: the answers are flat and hold no markup in texts."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", body.decode("utf-8", "replace"))
    return unescape(found[1]) if found else ""
