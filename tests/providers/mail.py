"""E-mail providers over HTTP: SendGrid, Mailgun, Postmark, Brevo, Resend, Unisender Go."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from email.utils import getaddresses, parseaddr
from typing import Any
from uuid import UUID

from tests.providers import hooks
from tests.providers.fake import Fake, Letter, need
from tests.providers.server import Call, Reply, as_json

JSON = "application/json"
MAILBOX = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")
OURS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def bare(text: str) -> str:
    """Read the address out of `Name <address>`."""
    return parseaddr(text)[1]


def our_id(*places: Any) -> str:
    """Find the first UUID in what the provider would give back with its events."""
    found = OURS.search(json.dumps(places))
    return found[0] if found else ""


def sendgrid_error(status: int, words: str, field: str | None = None, **headers: str) -> Reply:
    """Write an error of SendGrid."""
    return as_json(status, {"errors": [{"message": words, "field": field, "help": None}]}, headers)


class SendGrid(Fake):
    """v3/mail/send: up to 1000 personalizations in one request, refused or taken as a whole."""

    name = "sendgrid"
    key = "SG.SENDGRID-KEY"
    resets_in_s = 45
    failure = sendgrid_error(500, "internal")
    refusals = {
        "throttle": sendgrid_error(429, "too many requests"),
        "address": sendgrid_error(
            400, "Does not contain a valid address.", "personalizations.0.to.0.email"
        ),
        "content": sendgrid_error(400, "The content value must be a string.", "content.0.value"),
        "too_large": sendgrid_error(413, "Payload too large"),
        "billing": sendgrid_error(401, "Maximum credits exceeded"),
        "sender": sendgrid_error(
            403, "The from address does not match a verified Sender Identity.", "from"
        ),
    }

    def __init__(self) -> None:
        super().__init__()
        reset = {"X-RateLimit-Reset": str(int(time.time()) + self.resets_in_s)}
        told = replace(self.refusals["throttle"], headers=reset)
        self.refusals = {**self.refusals, "throttle": told}

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        denied = sendgrid_error(401, "The provided authorization grant is invalid")
        need(call.bearer == self.key, "key", denied)
        if hooked := hooks.sendgrid(self, call):
            return hooked
        if call.method == "GET":
            return as_json(200, {"scopes": ["mail.send"]})
        need(call.path == "/v3/mail/send", "path", sendgrid_error(404, "not found"))
        need(call.content_type == JSON, "content type", sendgrid_error(415, "unsupported"))
        need(len(call.body) <= 30_000_000, "size", self.refusals["too_large"])
        body = call.json()
        self._envelope(body)
        return [self._letter(body, one) for one in body["personalizations"]]

    def _envelope(self, body: dict[str, Any]) -> None:
        wrong = self.refusals["content"]
        people = body.get("personalizations", [])
        need(1 <= len(people) <= 1000, "personalizations", wrong)
        need(sum(len(one["to"]) for one in people) <= 1000, "recipients", wrong)
        need(MAILBOX.fullmatch(body.get("from", {}).get("email", "")), "from", wrong)
        content = [part["type"] for part in body.get("content", [])]
        need(content and content == sorted(content, reverse=True), "text first", wrong)
        need(all(part["value"] for part in body["content"]), "content", wrong)
        need(len(body.get("categories", [])) <= 10, "categories", wrong)

    def _letter(self, body: dict[str, Any], one: dict[str, Any]) -> Letter:
        wrong = self.refusals["content"]
        to = one["to"][0]["email"]
        need(len(one["to"]) == 1, "recipients who see each other", wrong)
        need(MAILBOX.fullmatch(to), "address", self.refusals["address"])
        need(one.get("subject") or body.get("subject"), "subject", wrong)
        values = one.get("substitutions", {})
        need(len(json.dumps(values, ensure_ascii=False).encode()) <= 10_000, "substitutions", wrong)
        need(all(isinstance(value, str) for value in values.values()), "strings", wrong)
        ours = {**body.get("custom_args", {}), **one.get("custom_args", {})}
        need(len(json.dumps(ours).encode()) <= 10_000, "custom_args", wrong)
        text = body["content"][0]["value"]
        for key, value in values.items():
            text = text.replace(key, value)
        return Letter(to, text, our_id(ours))

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return Reply(202, b"", {"X-Message-Id": f"f3a1QkZ{len(self.letters)}"})


class Mailgun(Fake):
    """v3/<domain>/messages: a form; recipient-variables keep recipients apart."""

    name = "mailgun"
    key, domain = "MAILGUN-KEY", "mg.beauty.example"
    failure = as_json(500, {"message": "Internal Server Error"})
    refusals = {
        "throttle": as_json(429, {"message": "Too many requests"}, {"Retry-After": "30"}),
        "address": as_json(
            400, {"message": "'to' parameter is not a valid address. please check documentation"}
        ),
        "content": as_json(400, {"message": "Need at least one of 'text' or 'html' parameters"}),
        "too_large": as_json(413, {"message": "Request Entity Too Large"}),
        "domain": as_json(404, {"message": "Domain not found: mg.beauty.example"}),
        "billing": as_json(402, {"message": "Request failed: account has no funds"}),
        "locked": as_json(403, {"message": "Domain mg.beauty.example is not allowed to send"}),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        forbidden = Reply(401, b"Forbidden", {"Content-Type": "text/plain"})
        need(call.login == ("api", self.key), "key", forbidden)
        if hooked := hooks.mailgun(self, call):
            return hooked
        if call.method == "GET":
            return as_json(200, {"domain": {"name": self.domain, "state": "active"}})
        need(call.path == f"/v3/{self.domain}/messages", "path", self.refusals["domain"])
        form = call.form()
        need(MAILBOX.fullmatch(bare(form.get("from", ""))), "from", self.refusals["address"])
        need(form.get("text") or form.get("html"), "content", self.refusals["content"])
        people = [address for _, address in getaddresses([form.get("to", "")])]
        need(1 <= len(people) <= 1000, "recipients", self.refusals["address"])
        need(all(map(MAILBOX.fullmatch, people)), "address", self.refusals["address"])
        apart = json.loads(form.get("recipient-variables", "{}"))
        need(
            len(people) == 1 or set(people) == set(apart),
            "recipients who see each other",
            forbidden,
        )
        need(form.get("subject"), "subject", self.refusals["content"])
        ours = {name: value for name, value in form.items() if name.startswith(("v:", "h:"))}
        text = form.get("text") or form["html"]
        return [Letter(to, text, our_id(apart.get(to), ours)) for to in people]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        words = "Queued. Thank you."
        return as_json(200, {"id": f"<{len(self.letters)}@{self.domain}>", "message": words})


def postmark_error(status: int, code: int, words: str, **headers: str) -> Reply:
    """Write an error of Postmark."""
    return as_json(status, {"ErrorCode": code, "Message": words}, headers)


class Postmark(Fake):
    """/email and /email/batch (up to 500, answered one by one)."""

    name = "postmark"
    token = "POSTMARK-TOKEN"
    failure = postmark_error(500, 0, "Internal Server Error")
    refusals = {
        "throttle": postmark_error(429, 429, "Rate limit exceeded"),
        "blocked": postmark_error(
            422, 406, "You tried to send to a recipient that has been marked as inactive."
        ),
        "address": postmark_error(422, 300, "Error parsing 'To': Illegal email address"),
        "sender": postmark_error(422, 400, "The 'From' address is not a Sender Signature"),
        "billing": postmark_error(422, 405, "Not allowed to send: you ran out of credits"),
        "pending": postmark_error(422, 412, "Your account is pending approval"),
        "content": postmark_error(422, 402, "Invalid JSON"),
        "too_large": postmark_error(413, 0, "Payload too large"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        bad = postmark_error(401, 10, "Bad or missing Server API token.")
        need(call.headers.get("x-postmark-server-token") == self.token, "token", bad)
        if hooked := hooks.postmark(self, call):
            return hooked
        if call.method == "GET":
            return as_json(200, {"ID": 1, "Name": "Salon"})
        need(call.path in {"/email", "/email/batch"}, "path", postmark_error(404, 0, "not found"))
        need(call.content_type == JSON, "content type", postmark_error(422, 409, "JSON required"))
        letters = call.json() if call.path == "/email/batch" else [call.json()]
        need(len(letters) <= 500, "batch", postmark_error(422, 410, "Too many batch messages"))
        return [self._letter(letter) for letter in letters]

    def _letter(self, letter: dict[str, Any]) -> Letter:
        need(MAILBOX.fullmatch(bare(letter.get("From", ""))), "from", self.refusals["sender"])
        need(MAILBOX.fullmatch(bare(letter.get("To", ""))), "to", self.refusals["address"])
        text = letter.get("TextBody") or letter.get("HtmlBody")
        need(text, "body", postmark_error(422, 300, "Provide either email TextBody or HtmlBody"))
        need(len(letter.get("Subject", "")) <= 2000, "subject", self.refusals["content"])
        ours = our_id(letter.get("Metadata"), letter.get("Headers"))
        return Letter(bare(letter["To"]), text, ours)

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        taken = [
            {
                "To": letter.recipient,
                "SubmittedAt": "2026-11-20T10:00:00.0000000+00:00",
                "MessageID": f"b7bc2f4a-e38e-4336-af7d-{number:012x}",
                "ErrorCode": 0,
                "Message": "OK",
            }
            for number, letter in enumerate(letters, len(self.letters))
        ]
        return as_json(200, taken if call.path == "/email/batch" else taken[0])


def brevo_error(status: int, code: str, words: str, **headers: str) -> Reply:
    """Write an error of Brevo."""
    return as_json(status, {"code": code, "message": words}, headers)


class Brevo(Fake):
    """v3/smtp/email; the same idempotencyKey is refused for half an hour, not replayed."""

    name = "brevo"
    key = "xkeysib-BREVO-KEY"
    failure = brevo_error(500, "internal_error", "Something went wrong")
    refusals = {
        "throttle": Reply(
            429,
            b'{"code":"too_many_requests","message":"Too many requests"}',
            {"x-sib-ratelimit-limit": "100", "x-sib-ratelimit-reset": "25"},
        ),
        "address": brevo_error(400, "invalid_parameter", "email is not valid in to"),
        "content": brevo_error(400, "missing_parameter", "htmlContent is missing"),
        "sender": brevo_error(400, "invalid_parameter", "sender is not valid"),
        "billing": brevo_error(402, "not_enough_credits", "Insufficient credits"),
        "locked": brevo_error(403, "permission_denied", "Your account is under validation"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        denied = brevo_error(401, "unauthorized", "Key not found")
        need(call.headers.get("api-key") == self.key, "key", denied)
        if hooked := hooks.brevo(self, call):
            return hooked
        if call.method == "GET":
            return as_json(200, {"email": "salon@beauty.example", "plan": []})
        need(call.path == "/v3/smtp/email", "path", brevo_error(404, "document_not_found", ""))
        need(call.content_type == JSON, "content type", brevo_error(415, "invalid_parameter", ""))
        body = call.json()
        need(
            MAILBOX.fullmatch(body.get("sender", {}).get("email", "")),
            "sender",
            self.refusals["sender"],
        )
        text = body.get("textContent") or body.get("htmlContent")
        need(text and body.get("subject"), "content", self.refusals["content"])
        versions = body.get("messageVersions") or [body]
        need(len(versions) <= 1000, "versions", self.refusals["content"])
        key = body.get("headers", {}).get("idempotencyKey", "")
        need(
            not key or str(UUID(key)) == key.lower(),
            "idempotencyKey is a UUID",
            self.refusals["content"],
        )
        letters = [self._letter(body, version, text) for version in versions]
        return [Letter(one.recipient, one.text, one.id, key) for one in letters]

    def _letter(self, body: dict[str, Any], version: dict[str, Any], text: str) -> Letter:
        people = version.get("to", [])
        need(len(people) == 1, "recipients who see each other", self.refusals["address"])
        need(MAILBOX.fullmatch(people[0]["email"]), "address", self.refusals["address"])
        ours = our_id(version.get("headers"), body.get("headers"), version.get("params"))
        return Letter(people[0]["email"], text, ours)

    def repeat(self, first: Reply) -> Reply:
        return brevo_error(400, "duplicate_parameter", "idempotencyKey was already used")

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return as_json(201, {"messageId": f"<{len(self.letters)}@smtp-relay.mailin.fr>"})
