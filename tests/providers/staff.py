"""Where a salon's staff works: Slack, Discord, Teams, Mattermost, ntfy.

A secret address is both the login and the recipient, so each recipient has a hook of its own: the
last part of its path is the recipient's number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.providers.fake import Fake, Letter, need
from tests.providers.server import Call, Reply, as_json

JSON = "application/json"


def words(status: int, text: str, **headers: str) -> Reply:
    """Write an answer in plain text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, text.encode(), {"Content-Type": "text/plain", **named})


def slack_says(error: str, status: int = 200, **headers: str) -> Reply:
    """Write an error of Slack's Web API: mostly HTTP 200."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return as_json(status, {"ok": False, "error": error}, named)


def slack_post(call: Call, wrong: Reply) -> dict[str, Any]:
    """Check the text and the blocks of a message."""
    need(call.content_type == JSON, "content type", wrong)
    body: dict[str, Any] = call.json()
    blocks = body.get("blocks", [])
    need(len(blocks) <= 50, "blocks", wrong)
    for block in blocks:
        most = 150 if block["type"] == "header" else 3000
        need(len(block.get("text", {}).get("text", "")) <= most, "text of a block", wrong)
        elements = block.get("elements", [])
        need(len(elements) <= 25, "elements", wrong)
        labels = [one["text"]["text"] for one in elements if one["type"] == "button"]
        need(all(1 <= len(label) <= 75 for label in labels), "label", wrong)
    need(len(body.get("text", "")) <= 40_000, "length", wrong)
    return body


class SlackHook(Fake):
    """Incoming webhooks under /services/T/B/<secret>-<number>, answered in plain text."""

    name = "slack_hook"
    hook = "/services/T0000/B0000/SLACK-HOOK-"
    failure = words(500, "rollup_error")
    refusals = {
        "throttle": words(429, "rate_limited", Retry_After="30"),
        "content": words(400, "invalid_payload"),
        "no_text": words(400, "no_text"),
        "gone": words(404, "channel_not_found"),
        "no_service": words(404, "no_service"),
        "archived": words(410, "channel_is_archived"),
        "prohibited": words(403, "action_prohibited"),
    }

    def read(self, call: Call) -> Sequence[Letter]:
        need(call.path.startswith(self.hook), "hook", words(403, "invalid_token"))
        need(call.method == "POST", "method", self.refusals["content"])
        body = slack_post(call, self.refusals["content"])
        need(body.get("text"), "text", self.refusals["no_text"])
        return [Letter(call.path.removeprefix(self.hook), body["text"])]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return words(200, "ok")


class Slack(Fake):
    """chat.postMessage of the Web API: refusals are HTTP 200."""

    name = "slack"
    token = "xoxb-SLACK-TOKEN"
    failure = slack_says("internal_error")
    refusals = {
        "throttle": slack_says("ratelimited", 429, Retry_After="9"),
        "content": slack_says("invalid_blocks"),
        "too_long": slack_says("msg_too_long"),
        "gone": slack_says("channel_not_found"),
        "archived": slack_says("is_archived"),
        "stranger": slack_says("not_in_channel"),
        "revoked": slack_says("token_revoked"),
        "inactive": slack_says("account_inactive"),
        "scope": slack_says("missing_scope"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        need(call.bearer == self.token, "token", slack_says("invalid_auth"))
        if call.path == "/api/auth.test":
            return as_json(200, {"ok": True, "team": "Salon"})
        need(call.path == "/api/chat.postMessage", "path", slack_says("unknown_method"))
        body = slack_post(call, self.refusals["content"])
        need(body.get("channel"), "channel", self.refusals["gone"])
        need(body.get("text"), "text", slack_says("no_text"))
        return [Letter(body["channel"], body["text"])]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        channel, ts = letters[0].recipient, f"1795168800.{len(self.letters):06}"
        return as_json(200, {"ok": True, "channel": channel, "ts": ts})


def discord_error(status: int, code: int, text: str) -> Reply:
    """Write an error of Discord."""
    return as_json(status, {"code": code, "message": text})


class Discord(Fake):
    """Webhooks under /api/webhooks/<number>/<token>; mentions must be switched off."""

    name = "discord"
    token = "DISCORD-HOOK-TOKEN"
    failure = as_json(500, {"message": "500: Internal Server Error", "code": 0})
    refusals = {
        "throttle": as_json(
            429,
            {"message": "You are being rate limited.", "retry_after": 1.5, "global": False},
            {"Retry-After": "2", "X-RateLimit-Scope": "user"},
        ),
        "throttle_all": as_json(
            429,
            {"message": "You are being rate limited.", "retry_after": 64.57, "global": True},
            {"Retry-After": "65", "X-RateLimit-Global": "true"},
        ),
        "content": discord_error(400, 50006, "Cannot send an empty message"),
        "too_long": discord_error(400, 50035, "Invalid Form Body"),
        "gone": discord_error(404, 10015, "Unknown Webhook"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        unknown = self.refusals["gone"]
        need(call.path.startswith("/api/"), "path", unknown)
        rest = call.path.partition("/webhooks/")[2].split("/")
        need(len(rest) == 2, "path", unknown)
        bad = discord_error(401, 50027, "Invalid Webhook Token")
        need(rest[1] == self.token, "token", bad)
        if call.method == "GET":
            return as_json(200, {"id": rest[0], "name": "Salon"})
        need(call.content_type == JSON, "content type", discord_error(400, 50109, "JSON"))
        body = call.json()
        text = body.get("content", "")
        need(text or body.get("embeds"), "content", self.refusals["content"])
        need(len(text) <= 2000, "length", self.refusals["too_long"])
        need(len(body.get("embeds", [])) <= 10, "embeds", self.refusals["too_long"])
        for embed in body.get("embeds", []):
            need(len(embed.get("title", "")) <= 256, "embed title", self.refusals["too_long"])
            need(len(embed.get("description", "")) <= 4096, "embed", self.refusals["too_long"])
            text = text or embed.get("description", "")
        quiet = body.get("allowed_mentions") == {"parse": []}
        need(quiet, "mentions are allowed", self.refusals["content"])
        return [Letter(rest[0], text)]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        if call.query.get("wait") != "true":
            return Reply(204)
        number = 1300000000000000000 + len(self.letters)
        return as_json(200, {"id": str(number), "channel_id": "1200000000000000001"})


def flow_error(status: int, code: str) -> Reply:
    """Write an error of a Teams workflow."""
    return as_json(status, {"error": {"code": code, "message": "..."}})


class Teams(Fake):
    """A Power Automate flow whose address is signed; takes adaptive cards of up to 28 KB."""

    name = "teams"
    signature = "TEAMS-SIGNATURE"
    failure = flow_error(500, "InternalServerError")
    refusals = {
        "throttle": Reply(429, b"", {"Retry-After": "15"}),
        "content": flow_error(400, "TriggerInputSchemaMismatch"),
        "gone": flow_error(404, "WorkflowNotFound"),
    }

    def read(self, call: Call) -> Sequence[Letter]:
        need(call.path.startswith("/workflows/"), "path", self.refusals["gone"])
        denied = flow_error(401, "DirectApiAuthorizationRequired")
        need(call.query.get("sig") == self.signature, "signature", denied)
        wrong = self.refusals["content"]
        need(call.method == "POST" and call.content_type == JSON, "content type", wrong)
        need(len(call.body) <= 28 * 1024, "size", flow_error(413, "RequestEntityTooLarge"))
        body = call.json()
        need(body.get("type") == "message", "type", wrong)
        (attachment,) = body["attachments"]
        kind = attachment.get("contentType")
        need(kind == "application/vnd.microsoft.card.adaptive", "attachment", wrong)
        card = attachment["content"]
        need(card["type"] == "AdaptiveCard", "card", wrong)
        need(card["version"] in {"1.0", "1.2", "1.3", "1.4", "1.5"}, "version", wrong)
        texts = [block["text"] for block in card["body"] if block["type"] == "TextBlock"]
        need(any(texts), "text", wrong)
        return [Letter(call.path.split("/")[2], "\n".join(texts))]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return Reply(202)


def mattermost_error(status: int, name: str) -> Reply:
    """Write an error of Mattermost's incoming webhooks."""
    body = {"id": f"web.incoming_webhook.{name}.app_error", "message": "...", "status_code": status}
    return as_json(status, body)


class Mattermost(Fake):
    """Incoming webhooks under /hooks/<key>."""

    name = "mattermost"
    hook = "/hooks/MATTERMOST-HOOK-"
    failure = mattermost_error(500, "general")
    refusals = {
        "throttle": Reply(429, b"", {"Retry-After": "7"}),
        "content": mattermost_error(400, "text"),
        "gone": mattermost_error(404, "channel"),
        "locked": mattermost_error(403, "channel_locked"),
        "disabled": mattermost_error(501, "disabled"),
    }

    def read(self, call: Call) -> Sequence[Letter]:
        need(call.path.startswith(self.hook), "hook", mattermost_error(400, "invalid"))
        need(call.method == "POST", "method", Reply(405))
        wrong = self.refusals["content"]
        need(call.content_type == JSON, "content type", wrong)
        body = call.json()
        text = body.get("text") or (body.get("attachments") or [{}])[0].get("text", "")
        need(text, "text", wrong)
        need(len(text) <= 16_383, "length: would be split", wrong)
        return [Letter(call.path.removeprefix(self.hook), text)]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return words(200, "ok")


def ntfy_error(status: int, code: int, text: str) -> Reply:
    """Write an error of ntfy."""
    return as_json(status, {"code": code, "http": status, "error": text})


class Ntfy(Fake):
    """JSON to the base, or text to /<topic>; messages up to 4096 bytes."""

    name = "ntfy"
    token = "tk_NTFYTOKEN"
    failure = ntfy_error(500, 50001, "internal server error")
    refusals = {
        "throttle": ntfy_error(429, 42901, "limit reached: too many requests"),
        "quota": ntfy_error(429, 42908, "limit reached: daily message quota reached"),
        "content": ntfy_error(400, 40009, "invalid request: topic invalid"),
        "too_large": ntfy_error(413, 41301, "attachment too large"),
        "forbidden": ntfy_error(403, 40301, "forbidden"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        need(call.bearer == self.token, "token", ntfy_error(401, 40101, "unauthorized"))
        if call.method == "GET":
            return as_json(200, {"healthy": True})
        topic, text = call.path.strip("/"), call.body.decode()
        if not topic:
            body = json.loads(text)
            topic, text = body.get("topic", ""), body.get("message", "")
            need(body.get("priority", 3) in range(1, 6), "priority", self.refusals["content"])
            need(len(body.get("actions", [])) <= 3, "actions", self.refusals["content"])
        fits = 1 <= len(topic) <= 64 and topic.replace("-", "").replace("_", "").isalnum()
        need(fits, "topic", self.refusals["content"])
        need(len(text.encode()) <= 4096, "length: would be an attachment", self.refusals["content"])
        return [Letter(topic, text)]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        number = f"hwQ2YpKd{len(self.letters):02}"
        body = {"id": number, "time": 1795168800, "event": "message"}
        return as_json(200, {**body, "topic": letters[0].recipient})
