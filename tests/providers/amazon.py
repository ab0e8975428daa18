"""Amazon's SES v2 and SNS: what they check of a signed request, and what they answer.

Signature Version 4 is computed anew from the request as it arrived:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from tests.providers.fake import Fake, Letter, need
from tests.providers.mail import MAILBOX, bare, our_id
from tests.providers.server import Call, Reply, as_json

ACCESS_KEY, SECRET_KEY, REGION = "AKIDEXAMPLEEXAMPLE", "AWS-SECRET-KEY", "eu-west-1"
PARTS = re.compile(r"Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]{64})")


def is_signed(call: Call, service: str) -> bool:
    """Say whether this key signed exactly this request for this service."""
    found = PARTS.search(call.headers.get("authorization", ""))
    if not found:
        return False
    credential, names, signature = found.groups()
    key_id, day, region, named, end = credential.split("/")
    if (key_id, region, named, end) != (ACCESS_KEY, REGION, service, "aws4_request"):
        return False
    if "host" not in names.split(";"):
        return False
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(_canonical(call, names).encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{call.headers['x-amz-date']}\n{scope}\n{digest}"
    signing = f"AWS4{SECRET_KEY}".encode()
    for part in scope.split("/"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(signing, to_sign.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def _canonical(call: Call, names: str) -> str:
    parts = urlsplit(call.url)
    query = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    lines = [f"{name}:{' '.join(call.headers.get(name, '').split())}" for name in names.split(";")]
    return "\n".join(
        [
            call.method,
            quote(parts.path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in query),
            *lines,
            "",
            names,
            hashlib.sha256(call.body).hexdigest(),
        ]
    )


def ses_error(status: int, code: str, words: str) -> Reply:
    """Write an error of SES: its name stands in a header."""
    return as_json(status, {"message": words}, {"x-amzn-ErrorType": f"{code}:http://internal/"})


class Ses(Fake):
    """v2/email/outbound-emails: one message, simple or raw."""

    name = "ses"
    failure = ses_error(500, "InternalServiceErrorException", "internal")
    refusals = {
        "throttle": ses_error(429, "TooManyRequestsException", "Maximum sending rate exceeded."),
        "quota": ses_error(400, "LimitExceededException", "Daily message quota exceeded."),
        "sandbox": ses_error(
            400, "MessageRejected", "Email address is not verified. Identities failed the check."
        ),
        "virus": ses_error(400, "MessageRejected", "Message contains a virus."),
        "domain": ses_error(400, "MailFromDomainNotVerifiedException", "not verified"),
        "suspended": ses_error(400, "AccountSuspendedException", "suspended"),
        "paused": ses_error(400, "SendingPausedException", "paused"),
        "content": ses_error(400, "BadRequestException", "Missing final '@domain'"),
        "configuration": ses_error(404, "NotFoundException", "Configuration set does not exist"),
        "denied": ses_error(403, "AccessDeniedException", "User is not authorized to ses:Send"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        denied = ses_error(403, "InvalidSignatureException", "The signature does not match")
        need(is_signed(call, "ses"), "signature", denied)
        if call.method == "GET":
            return as_json(200, {"SendingEnabled": True, "ProductionAccessEnabled": True})
        unknown = ses_error(404, "UnknownOperationException", "")
        need(call.path == "/v2/email/outbound-emails", "path", unknown)
        need(call.content_type == "application/json", "content type", self.refusals["content"])
        body = call.json()
        to, text = self._content(body)
        need(MAILBOX.fullmatch(to), "address", self.refusals["content"])
        return [Letter(to, text, our_id(body.get("EmailTags"), text[:0], self._headers(body)))]

    def _content(self, body: dict[str, Any]) -> tuple[str, str]:
        wrong = self.refusals["content"]
        people = body.get("Destination", {}).get("ToAddresses", [])
        if "Raw" in body["Content"]:
            letter = self._raw(body)
            part = letter.get_body(("plain", "html"))
            text = part.get_content() if part else ""
            people = people or [letter["To"]]
        else:
            simple = body["Content"]["Simple"]
            need(simple["Subject"]["Data"], "subject", wrong)
            need(MAILBOX.fullmatch(bare(body["FromEmailAddress"])), "from", wrong)
            parts = simple["Body"]
            text = (parts.get("Text") or parts["Html"])["Data"]
        need(len(people) == 1, "recipients who see each other", wrong)
        need(text.strip(), "text", wrong)
        return bare(str(people[0])), text

    def _raw(self, body: dict[str, Any]) -> Any:
        raw = base64.b64decode(body["Content"]["Raw"]["Data"])
        return email.message_from_bytes(raw, policy=email.policy.default)

    def _headers(self, body: dict[str, Any]) -> Any:
        if "Raw" in body["Content"]:
            return [str(value) for value in self._raw(body).values()]
        return body["Content"]["Simple"].get("Headers")

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        number = len(self.letters)
        return as_json(200, {"MessageId": f"0102019a-1111-4222-8333-{number:012x}-000000"})


def sns_error(status: int, code: str, words: str = "", kind: str = "Sender") -> Reply:
    """Write an error of SNS in its XML."""
    body = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>'
        f"<Type>{kind}</Type><Code>{code}</Code><Message>{words}</Message></Error>"
        "<RequestId>9dd01905-5012-5f99-8663-4b3ecd0dfaef</RequestId></ErrorResponse>"
    )
    return Reply(status, body.encode(), {"Content-Type": "text/xml"})


class Sns(Fake):
    """Publish to a PhoneNumber: a form, answered in XML."""

    name = "sns"
    failure = sns_error(500, "InternalError", kind="Receiver")
    refusals = {
        "throttle": sns_error(400, "Throttling", "Rate exceeded"),
        "address": sns_error(
            400,
            "InvalidParameter",
            "Invalid parameter: PhoneNumber Reason: +7999 is not valid to publish to",
        ),
        "stopped": sns_error(400, "OptedOut", "Phone number is opted out"),
        "content": sns_error(400, "InvalidParameter", "Invalid parameter: Message too long"),
        "denied": sns_error(403, "AuthorizationError", "not authorized to perform: SNS:Publish"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        denied = sns_error(403, "SignatureDoesNotMatch", "The signature does not match")
        need(is_signed(call, "sns"), "signature", denied)
        wrong = self.refusals["content"]
        need(call.method == "POST", "method", wrong)
        form = call.form()
        need(form.get("Version") == "2010-03-31", "version", wrong)
        if form.get("Action") != "Publish":
            return Reply(200, b"<GetSMSAttributesResponse/>", {"Content-Type": "text/xml"})
        need(form.get("PhoneNumber", "").startswith("+"), "number", self.refusals["address"])
        need(1 <= len(form.get("Message", "")) <= 1600, "length", wrong)
        kinds = [form[name] for name in form if name.endswith("Value.StringValue")]
        need("Transactional" in kinds or "Promotional" in kinds, "SMSType", wrong)
        return [Letter(form["PhoneNumber"], form["Message"])]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        body = (
            '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>'
            f"<MessageId>94f20ce6-13c5-43a0-9a9e-{len(self.letters):012x}</MessageId>"
            "</PublishResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
            "</PublishResponse>"
        )
        return Reply(200, body.encode(), {"Content-Type": "text/xml"})
