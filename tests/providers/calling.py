"""How do fake providers of mail and SMS call back? With what they were given, signed as theirs is.

`report` gives the call that a provider makes about a message that it took, `proven` signs any body.
Written from the facts about the providers, sections 1 and 2.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from channels.told import Callback
from tests.providers import keys
from tests.providers.mail_too import UnisenderGo
from tests.providers.server import Call
from tests.providers.sms import SmsRu, Twilio

Json = dict[str, Any]


#: What the account must know besides its row's credentials, to prove these calls.
KNOWN: Mapping[str, Mapping[str, str]] = {
    "sendgrid": {"verification_key": keys.SENDGRID_PUBLIC},
    "mailgun": {"signing_key": keys.MAILGUN},
    "resend": {"signing_secret": keys.RESEND},
    "smsc": {"callback_word": "SMSC-WORD"},
}


def report(name: str, call: Call, number: str, event: str, at: int) -> Callback:
    """Write a provider's call about a message.

    call: by which it was sent. number: as it was answered. event: a word of the provider's own.
    """
    return WRITERS[name](call, number, event, at)


def proven(name: str, body: str, at: int, url: str = "https://kolokol.example/c") -> Callback:
    """Sign a body, whatever it is, as the provider would for this address."""
    return SIGNERS[name](body, at, url) if name in SIGNERS else _made(body, {}, at)


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
    return _signed_sendgrid(json.dumps([told]) + "\r\n", at)


def _signed_sendgrid(body: str, at: int, url: str = "") -> Callback:
    signed = keys.SENDGRID.sign(f"{at}{body}".encode(), ECDSA(SHA256()))
    start = "X-Twilio-Email-Event-Webhook"
    signature = base64.b64encode(signed).decode()
    return _made(body, {f"{start}-Timestamp": str(at), f"{start}-Signature": signature}, at)


def _mailgun(call: Call, number: str, event: str, at: int) -> Callback:
    form = call.form()
    name, _, reason = event.partition("/")
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
    return _signed_mailgun(json.dumps(told), at)


def _signed_mailgun(event: str, at: int, url: str = "") -> Callback:
    token = "0123456789abcdef"
    made = hmac.new(keys.MAILGUN.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    signature = json.dumps({"timestamp": str(at), "token": token, "signature": made})
    return _made(f'{{"signature": {signature}, "event-data": {event}}}', {}, at)


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
    return _signed_resend(json.dumps({"type": name, "data": data | bounce}), at)


def _signed_resend(body: str, at: int, url: str = "") -> Callback:
    secret = base64.b64decode(keys.RESEND.removeprefix("whsec_"))
    made = hmac.new(secret, f"msg_1.{at}.{body}".encode(), hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(made).decode()}"
    told = {"id": "msg_1", "timestamp": str(at), "signature": signature}
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
    body = json.dumps({"events_by_user": [{"user_id": 1, "events": events}]})
    return _signed_unisender_go(body, at)


def _signed_unisender_go(body: str, at: int, url: str = "") -> Callback:
    start = '{"auth":"%s",' + body[1:]
    made = hashlib.md5(start.replace("%s", UnisenderGo.key, 1).encode()).hexdigest()  # noqa: S324 (theirs)
    return _made(start.replace("%s", made, 1), {}, at)


def _ses(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.json()
    name, _, kind = event.partition("/")
    people = [{"emailAddress": one} for one in sent["Destination"]["ToAddresses"]]
    tags = {tag["Name"]: [tag["Value"]] for tag in sent["EmailTags"]}
    told: Json = {"eventType": name, "mail": {"messageId": number, "tags": tags}}
    if kind:
        told["bounce"] = {"bounceType": kind, "bouncedRecipients": people}
    return _signed_ses(json.dumps(told), at)


def _signed_ses(message: str, at: int, url: str = "") -> Callback:
    moment = dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
    envelope = {
        "Message": message,
        "MessageId": "b76f29ac-b7c9-5805-9d58-261f2e99b5b6",
        "Timestamp": moment.replace("+00:00", "Z"),
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
    made = _made(json.dumps(envelope | own), {"Content-Type": "text/plain"}, at)
    return replace(made, answers={keys.CERTIFICATE_URL: keys.amazon()[1]})


def _twilio(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.form()
    state, _, code = event.partition("/")
    form = {"MessageSid": number, "MessageStatus": state, "To": sent["To"], "ErrorCode": code}
    form = {name: value for name, value in form.items() if value}
    return _signed_twilio(urlencode(form), at, sent["StatusCallback"])


def _signed_twilio(body: str, at: int, url: str) -> Callback:
    form = dict(parse_qsl(body, keep_blank_values=True))
    told = url + "".join(name + form[name] for name in sorted(form))
    made = hmac.new(Twilio.token.encode(), told.encode(), hashlib.sha1).digest()
    return _made(body, {"X-Twilio-Signature": base64.b64encode(made).decode()}, at, url)


def _signed_smsc(body: str, at: int, url: str) -> Callback:
    form = dict(parse_qsl(body, keep_blank_values=True))
    told = ":".join(form.get(name, "") for name in ("id", "phone", "status"))
    made = hashlib.md5(f"{told}:SMSC-WORD".encode("utf-8", "replace")).hexdigest()  # noqa: S324 (theirs)
    return _made(f"{body}&md5={made}", {}, at)


def _smsc(call: Call, number: str, event: str, at: int) -> Callback:
    phone = call.form()["phones"]
    status, _, error = event.partition("/")
    form = {"id": number, "phone": phone, "status": status, "err": error, "cost": "4.10"}
    return _signed_smsc(urlencode(form), at, "")


def _smsaero(call: Call, number: str, event: str, at: int) -> Callback:
    sent = call.json()
    body = json.dumps({"id": int(number), "status": int(event), "extendStatus": "x"})
    headers = {"Content-Type": "application/json"}
    assert sent["callbackFormat"] == "JSON"
    return _made(body, headers, at, sent["callbackUrl"])


def _signed_smsru(body: str, at: int, url: str) -> Callback:
    records = [value for name, value in parse_qsl(body) if name.startswith("data[")]
    signed = SmsRu.api_id + "".join(records)
    made = hashlib.sha256(signed.encode("utf-8", "replace")).hexdigest()
    return _made(f"{body}&hash={made}", {}, at)


def _smsru(call: Call, number: str, event: str, at: int) -> Callback:
    records = [f"sms_status\n{number}\n{event}\n{at}", f"test\n{at}"]
    form = {f"data[{n}]": record for n, record in enumerate(records)}
    return _signed_smsru(urlencode(form), at, "")


SIGNERS: Mapping[str, Callable[[str, int, str], Callback]] = {
    "sendgrid": _signed_sendgrid,
    "mailgun": _signed_mailgun,
    "resend": _signed_resend,
    "unisender_go": _signed_unisender_go,
    "ses": _signed_ses,
    "twilio": _signed_twilio,
    "smsc": _signed_smsc,
    "smsru": _signed_smsru,
}
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
