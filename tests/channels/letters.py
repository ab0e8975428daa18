"""A letter for every e-mail provider, and how to read it back from the provider's own JSON."""

from __future__ import annotations

import base64
import email
import email.policy
import json
from types import SimpleNamespace
from urllib.parse import parse_qs

from channels.adapters.brevo import BrevoAdapter
from channels.adapters.mailgun import MailgunAdapter
from channels.adapters.postmark import PostmarkAdapter
from channels.adapters.resend import ResendAdapter
from channels.adapters.sendgrid import SendgridAdapter
from channels.adapters.ses import SesAdapter
from channels.adapters.unisender_go import UnisenderGoAdapter
from channels.contract import Button, Content, Outbound
from channels.registry import ADAPTERS

MESSAGE_ID = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"
UNSUBSCRIBE = "https://salon.example/u/5fK2"
SECRET = "SG.a-secret-of-the-salon-5521"
CREDENTIALS = {
    "api_key": SECRET,
    "server_token": SECRET,
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": SECRET,
    "region": "eu-west-1",
    "domain": "mg.beauty.example",
    "from_address": "salon@beauty.example",
    "from_name": "Салон «Лотос», Москва",
    "reply_to": "answers@beauty.example",
}
CLASSES = (
    SendgridAdapter,
    MailgunAdapter,
    PostmarkAdapter,
    BrevoAdapter,
    ResendAdapter,
    UnisenderGoAdapter,
    SesAdapter,
)
NAMES = [adapter.provider for adapter in CLASSES]
CONTENT = Content(
    body="Анна, ждём вас завтра!",
    title="Завтра в 15:00",
    html="<html><body><p>Анна, <b>ждём</b> вас завтра!</p></body></html>",
    image_url="https://salon.example/p.png?a=1&b=2",
    buttons=(Button("Подтвердить", "https://salon.example/c/5fK2"), Button("Да", action="yes")),
)


def outbound(content=CONTENT, address="anna@klient.example", category="mk", **extra):
    extra = {"unsubscribe_url": UNSUBSCRIBE, **extra} if category == "mk" else extra
    return Outbound(MESSAGE_ID, "email", address, content, "ru", category, extra=extra)


def adapter(name, **changes):
    return ADAPTERS[name]({**CREDENTIALS, **changes})


def read(name, request):
    """Read a written request back into one shape; where stands what in whose JSON."""
    body = request.body.decode()
    if name == "mailgun":
        form = {key: values[0] for key, values in parse_qs(body).items()}
        headers = {k.removeprefix("h:"): v for k, v in form.items() if k.startswith("h:")}
        return SimpleNamespace(
            sender=form["from"],
            to=form["to"],
            reply_to=form["h:Reply-To"],
            subject=form["subject"],
            text=form["text"],
            html=form.get("html", ""),
            headers=headers,
            ours=form["v:kolokol_id"],
        )
    return READERS[name](json.loads(body))


def _sendgrid(body):
    content = {part["type"]: part["value"] for part in body["content"]}
    return SimpleNamespace(
        sender=f"{body['from']['name']} <{body['from']['email']}>",
        to=body["personalizations"][0]["to"][0]["email"],
        reply_to=body["reply_to_list"][0]["email"],
        subject=body["subject"],
        text=content["text/plain"],
        html=content.get("text/html", ""),
        headers=body["headers"],
        ours=body["custom_args"]["kolokol_id"],
    )


def _postmark(body):
    return SimpleNamespace(
        sender=body["From"],
        to=body["To"],
        reply_to=body["ReplyTo"],
        subject=body["Subject"],
        text=body["TextBody"],
        html=body.get("HtmlBody", ""),
        headers={header["Name"]: header["Value"] for header in body["Headers"]},
        ours=body["Metadata"]["kolokol_id"],
    )


def _brevo(body):
    name = email.header.make_header(email.header.decode_header(body["sender"]["name"]))
    return SimpleNamespace(
        sender=f"{name} <{body['sender']['email']}>",
        to=body["to"][0]["email"],
        reply_to=body["replyTo"]["email"],
        subject=body["subject"],
        text=body["textContent"],
        html=body.get("htmlContent", ""),
        headers=body["headers"],
        ours=json.loads(body["headers"]["X-Mailin-custom"])["kolokol_id"],
    )


def _resend(body):
    return SimpleNamespace(
        sender=body["from"],
        to=body["to"][0],
        reply_to=body["reply_to"][0],
        subject=body["subject"],
        text=body["text"],
        html=body.get("html", ""),
        headers=body["headers"],
        ours=json.loads(body["headers"]["X-Metadata"])["kolokol_id"],
    )


def _unisender(body):
    message = body["message"]
    return SimpleNamespace(
        sender=f"{message['from_name']} <{message['from_email']}>",
        to=message["recipients"][0]["email"],
        reply_to=message["reply_to"],
        subject=message["subject"],
        text=message["body"]["plaintext"],
        html=message["body"].get("html", ""),
        headers=message["headers"],
        ours=message["global_metadata"]["kolokol_id"],
    )


def _ses(body):
    raw = base64.b64decode(body["Content"]["Raw"]["Data"])
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    html = letter.get_body(("html",))
    return SimpleNamespace(
        sender=str(letter["From"]),
        to=body["Destination"]["ToAddresses"][0],
        reply_to=str(letter["Reply-To"]),
        subject=str(letter["Subject"]),
        text=letter.get_body(("plain",)).get_content().strip(),
        html=html.get_content() if html else "",
        headers=letter,
        ours=body["EmailTags"][0]["Value"],
    )


READERS = {
    "sendgrid": _sendgrid,
    "postmark": _postmark,
    "brevo": _brevo,
    "resend": _resend,
    "unisender_go": _unisender,
    "ses": _ses,
}
