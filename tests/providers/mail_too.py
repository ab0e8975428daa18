"""E-mail providers over HTTP, the rest: Resend and Unisender Go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.providers import hooks
from tests.providers.fake import Fake, Letter, need
from tests.providers.mail import JSON, MAILBOX, bare, our_id
from tests.providers.server import Call, Reply, as_json


def resend_error(status: int, name: str, words: str, **headers: str) -> Reply:
    """Write an error of Resend."""
    body = {"statusCode": status, "name": name, "message": words}
    return as_json(status, body, {key.replace("_", "-"): value for key, value in headers.items()})


class Resend(Fake):
    """/emails and /emails/batch (100); an Idempotency-Key replays the first answer for a day."""

    name = "resend"
    key = "re_RESEND_KEY"
    failure = resend_error(500, "application_error", "An unexpected error occurred.")
    refusals = {
        "throttle": resend_error(429, "rate_limit_exceeded", "Too many requests.", retry_after="2"),
        "quota": resend_error(429, "daily_quota_exceeded", "You have reached your daily quota."),
        "address": resend_error(422, "validation_error", "Invalid `to` field."),
        "content": resend_error(422, "missing_required_field", "Missing `html` or `text` field."),
        "sender": resend_error(403, "validation_error", "The domain is not verified."),
        "restricted": resend_error(401, "restricted_api_key", "This API key is restricted."),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        invalid = resend_error(403, "invalid_api_key", "API key is invalid")
        need(call.bearer, "key", resend_error(401, "missing_api_key", "Missing API key."))
        need(call.bearer == self.key, "key", invalid)
        if hooked := hooks.resend(self, call):
            return hooked
        if call.method == "GET":
            return as_json(200, {"data": []})
        unknown = resend_error(404, "not_found", "The requested endpoint does not exist.")
        need(call.path in {"/emails", "/emails/batch"}, "path", unknown)
        need(call.content_type == JSON, "content type", self.refusals["content"])
        key = call.headers.get("idempotency-key", "")
        bad_key = resend_error(400, "invalid_idempotency_key", "1-256 characters")
        need(len(key) <= 256, "Idempotency-Key", bad_key)
        body = call.json()
        letters = body if isinstance(body, list) else [body]
        need(len(letters) <= 100, "batch", self.refusals["content"])
        return [self._letter(letter, key) for letter in letters]

    def _letter(self, letter: dict[str, Any], key: str) -> Letter:
        need(MAILBOX.fullmatch(bare(letter.get("from", ""))), "from", self.refusals["sender"])
        people = letter.get("to", [])
        people = [people] if isinstance(people, str) else people
        need(len(people) == 1, "recipients who see each other", self.refusals["address"])
        need(MAILBOX.fullmatch(bare(people[0])), "address", self.refusals["address"])
        text = letter.get("text") or letter.get("html")
        need(text and letter.get("subject"), "content", self.refusals["content"])
        ours = our_id(letter.get("tags"), letter.get("headers"), key)
        return Letter(bare(people[0]), text, ours, key)

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        ids = [{"id": f"49a3999c-0ce1-4ea6-ab68-{n:012x}"} for n in range(len(letters))]
        return as_json(200, {"data": ids} if call.path.endswith("batch") else ids[0])


def unisender_error(status: int, code: int, words: str) -> Reply:
    """Write an error of Unisender Go."""
    return as_json(status, {"status": "error", "message": f"Error ID:1. {words}", "code": code})


def failed(reason: str) -> Reply:
    """Write a 200 whose only recipient was refused."""
    body = {"status": "success", "job_id": "1uX", "emails": [], "failed_emails": {"{to}": reason}}
    return as_json(200, body)


class UnisenderGo(Fake):
    """email/send.json: refused recipients stand in failed_emails of a 200."""

    name = "unisender_go"
    key = "UNISENDER-KEY"
    failure = unisender_error(500, 901, "internal")
    refusals = {
        "throttle": unisender_error(429, 906, "too many requests"),
        "gone": failed("permanent_unavailable"),
        "address": failed("invalid"),
        "complained": failed("complained"),
        "unsubscribed": failed("unsubscribed"),
        "blocked": failed("blocked"),
        "busy": failed("temporary_unavailable"),
        "undocumented": unisender_error(400, 166, "something"),
        "too_large": unisender_error(413, 150, "too large"),
        "sender": unisender_error(400, 229, "from_email domain is not verified"),
        "host": unisender_error(403, 114, "User with id 1 not found"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        need(call.headers.get("x-api-key") == self.key, "key", unisender_error(401, 101, "key"))
        wrong = self.refusals["undocumented"]
        need(call.method == "POST", "method", wrong)
        if hooked := hooks.unisender_go(self, call):
            return hooked
        if not call.path.endswith("/email/send.json"):
            return as_json(200, {"status": "success", "user_id": 1})
        need(len(call.body) <= 10_000_000, "size", self.refusals["too_large"])
        need(call.content_type == JSON, "content type", wrong)
        message = call.json()["message"]
        need(MAILBOX.fullmatch(message.get("from_email", "")), "from", self.refusals["sender"])
        body = message.get("body", {})
        text = body.get("plaintext") or body.get("html")
        need(text and message.get("subject"), "content", wrong)
        need(len(message.get("tags", [])) <= 4, "tags", wrong)
        key = message.get("idempotence_key", "")
        need(len(key) <= 64, "idempotence_key", wrong)
        people = message.get("recipients", [])
        need(1 <= len(people) <= 500, "recipients", wrong)
        return [self._letter(one, message, text, key) for one in people]

    def _letter(self, one: dict[str, Any], message: dict[str, Any], text: str, key: str) -> Letter:
        metadata = {**message.get("global_metadata", {}), **one.get("metadata", {})}
        need(len(metadata) <= 10, "metadata", self.refusals["undocumented"])
        return Letter(one["email"], text, our_id(metadata, key), key)

    def repeat(self, first: Reply) -> Reply:
        return unisender_error(400, 110, "idempotence_key was used a moment ago")

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        people = [letter.recipient for letter in letters]
        return as_json(200, {"status": "success", "job_id": "1uXaBc-0001AB-Cd", "emails": people})
