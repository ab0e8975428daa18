"""How do fake providers of mail and SMS call back? With what they were given, signed as theirs is.

`report` gives the call that a provider makes about the last message that it took. event: a word of
the provider's own. Written from the facts about the providers, sections 1 and 2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from channels.told import Callback
from tests.providers import keys
from tests.providers.server import Call

Json = dict[str, Any]


def report(name: str, call: Call, number: str, event: str, at: int) -> Callback:
    """Write a provider's call. call: by which the message was sent; number: as it was answered."""
    return WRITERS[name](call, number, event, at)


def _made(body: str, headers: Mapping[str, str], at: int, url: str = "") -> Callback:
    lower = {name.lower(): value for name, value in headers.items()}
    query = dict(parse_qsl(urlsplit(url).query))
    return Callback(body.encode(), lower, url=url, query=query, at=float(at))


def _sendgrid(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.json()
    person = sent["personalizations"][0]
    given = {**sent.get("custom_args", {}), **person.get("custom_args", {})}
    name, _, kind = event.partition("/")
    told = {
        "email": person["to"][0]["email"],
        "timestamp": at,
        "event": name,
        "type": kind,
        "sg_event_id": f"{name}-{number}",
        "sg_message_id": f"{number}.recvd-7d9-1.0",
        **given,
    }
    body = json.dumps([told]) + "\r\n"
    signed = keys.SENDGRID.sign(f"{at}{body}".encode(), ECDSA(SHA256()))
    start = "X-Twilio-Email-Event-Webhook"
    signature = base64.b64encode(signed).decode()
    return _made(body, {f"{start}-Timestamp": str(at), f"{start}-Signature": signature}, at)


def _mailgun(call: Call, number: str, event: str, at: int) -> Callback:
    form = call.form()
    name, _, reason = event.partition("/")
    token = "0123456789abcdef"
    made = hmac.new(keys.MAILGUN.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    given = {name[2:]: value for name, value in form.items() if name.startswith("v:")}
    told = {
        "event": name,
        "id": "Ase7i2",
        "timestamp": at + 0.25,
        "recipient": form["to"],
        "user-variables": given,
        "message": {"headers": {"message-id": number.strip("<>")}},
        **({"severity": "permanent", "reason": reason} if reason else {}),
    }
    signature = {"timestamp": str(at), "token": token, "signature": made}
    return _made(json.dumps({"signature": signature, "event-data": told}), {}, at)


def _postmark(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.json()
    record, _, kind = event.partition("/")
    told = {
        "RecordType": record,
        "MessageID": number,
        "Metadata": sent.get("Metadata"),
        "Recipient": sent["To"],
        "Type": kind,
        "DeliveredAt": "2026-11-20T10:00:00Z",
    }
    return _made(json.dumps(told), {}, at)


def _brevo(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.json()
    told = {
        "event": event,
        "email": sent["to"][0]["email"],
        "message-id": number,
        "ts_epoch": at * 1000,
        "X-Mailin-custom": sent["headers"].get("X-Mailin-custom"),
    }
    return _made(json.dumps(told), {}, at)


def _resend(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.json()
    name, _, kind = event.partition("/")
    headers = [{"name": name, "value": value} for name, value in sent["headers"].items()]
    data = {"email_id": number, "to": sent["to"], "headers": headers}
    bounce = {"bounce": {"type": kind, "message": "no such person"}} if kind else {}
    body = json.dumps({"type": name, "data": data | bounce})
    secret = base64.b64decode(keys.RESEND.removeprefix("whsec_"))
    made = hmac.new(secret, f"msg_{name}.{at}.{body}".encode(), hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(made).decode()}"
    told = {"id": f"msg_{name}", "timestamp": str(at), "signature": signature}
    return _made(body, {f"svix-{name}": value for name, value in told.items()}, at)


def _unisender_go(call: Call, number: str, event: str, at: int) -> Callback:
    person = call.json()["message"]["recipients"][0]
    shared = call.json()["message"].get("global_metadata", {})
    status, _, said = event.partition("/")
    data = {
        "job_id": number,
        "metadata": {**shared, **person.get("metadata", {})},
        "email": person["email"],
        "status": status,
        "delivery_info": {"delivery_status": said},
    }
    events = [{"event_name": "transactional_email_status", "event_data": data}]
    body = json.dumps({"auth": "{key}", "events_by_user": [{"user_id": 1, "events": events}]})
    signed = body.replace("{key}", call.headers["x-api-key"]).encode()
    return _made(body.replace("{key}", hashlib.md5(signed).hexdigest()), {}, at)  # noqa: S324 (theirs)


def _ses(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.json()
    name, _, kind = event.partition("/")
    people = [{"emailAddress": one} for one in sent["Destination"]["ToAddresses"]]
    tags = {tag["Name"]: [tag["Value"]] for tag in sent["EmailTags"]}
    told: Json = {"eventType": name, "mail": {"messageId": number, "tags": tags}}
    if kind:
        told["bounce"] = {"bounceType": kind, "bouncedRecipients": people}
    envelope = {
        "Message": json.dumps(told),
        "MessageId": f"b76f29ac-{name}",
        "Timestamp": "2026-11-20T10:00:00.000Z",
        "TopicArn": "arn:aws:sns:eu-west-1:111122223333:events",
        "Type": "Notification",
    }
    signed = "".join(f"{name}\n{value}\n" for name, value in envelope.items())
    signature = keys.amazon()[0].sign(signed.encode(), PKCS1v15(), SHA256())
    own = {
        "SignatureVersion": "2",
        "SigningCertURL": keys.CERTIFICATE_URL,
        "Signature": base64.b64encode(signature).decode(),
    }
    return _made(json.dumps(envelope | own), {"Content-Type": "text/plain"}, at)


def _twilio(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.form()
    state, _, code = event.partition("/")
    form = {"MessageSid": number, "MessageStatus": state, "To": sent["To"], "ErrorCode": code}
    form = {name: value for name, value in form.items() if value}
    url, token = sent["StatusCallback"], call.login[1]
    told = url + "".join(name + form[name] for name in sorted(form))
    made = hmac.new(token.encode(), told.encode(), hashlib.sha1).digest()
    headers = {"X-Twilio-Signature": base64.b64encode(made).decode()}
    return _made(urlencode(form), headers, at, url)


def _smsc(call: Call, number: str, event: str, at: int) -> Callback:
    phone = call.form()["phones"]
    status, _, error = event.partition("/")
    signed = f"{number}:{phone}:{status}:SMSC-WORD".encode()
    form = {"id": number, "phone": phone, "status": status, "err": error, "cost": "4.10"}
    made = hashlib.md5(signed).hexdigest()  # noqa: S324 (theirs)
    return _made(urlencode({**form, "md5": made}), {}, at)


def _smsaero(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.json()
    body = json.dumps({"id": int(number), "status": int(event), "extendStatus": "x"})
    headers = {"Content-Type": "application/json"}
    assert sent["callbackFormat"] == "JSON"
    return _made(body, headers, at, sent["callbackUrl"])


def _smsru(call: Call, number: str, event: str, at: int) -> Callback:
    records = [f"sms_status\n{number}\n{event}\n{at}", f"test\n{at}"]
    signed = call.form()["api_id"] + "".join(records)
    form = {f"data[{n}]": record for n, record in enumerate(records)}
    made = hashlib.sha256(signed.encode()).hexdigest()
    return _made(urlencode({**form, "hash": made}), {}, at)


WRITERS: Mapping[str, Callable[[Call, str, str, int], Callback]] = {
    "sendgrid": _sendgrid,
    "mailgun": _mailgun,
    "postmark": _postmark,
    "brevo": _brevo,
    "resend": _resend,
    "unisender_go": _unisender_go,
    "ses": _ses,
    "twilio": _twilio,
    "smsc": _smsc,
    "smsaero": _smsaero,
    "smsru": _smsru,
}
