"""Chat providers as messengers.md describes them: Telegram, VK, MAX."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from tests.providers.fake import Fake, Letter, Refusal, need
from tests.providers.server import Call, Reply, as_json

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Telegram(Fake):
    """Bot API 10.1; words of tdlib/telegram-bot-api, Client.cpp."""

    name = "telegram"
    token = "42:TELEGRAM-TOKEN"
    failure = as_json(
        500, {"ok": False, "error_code": 500, "description": "Internal Server Error: restart"}
    )

    @staticmethod
    def says(status: int, words: str, **parameters: Any) -> Reply:
        body: dict[str, Any] = {"ok": False, "error_code": status, "description": words}
        headers = {}
        if parameters:
            body["parameters"] = parameters
        if "retry_after" in parameters:
            headers["Retry-After"] = str(parameters["retry_after"])
        return as_json(status, body, headers)

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        token, _, method = call.path.removeprefix("/bot").partition("/")
        need(call.path.startswith("/bot") and method, "path", self.says(404, "Not Found"))
        need(":" in token, "token", self.says(404, "Not Found"))
        need(token == self.token, "token", self.says(401, "Unauthorized"))
        if method == "getMe":
            return as_json(200, {"ok": True, "result": {"id": 42, "is_bot": True}})
        if method in ("getWebhookInfo", "setWebhook"):
            return self._webhook(method, call.json())
        if method in ("answerCallbackQuery", "editMessageReplyMarkup"):
            return as_json(200, {"ok": True, "result": True})
        bad = "Bad Request: "
        need(call.content_type == JSON, "content type", self.says(400, bad + "chat_id is empty"))
        body = call.json()
        need(body.get("chat_id"), "chat_id", self.says(400, bad + "chat_id is empty"))
        text, most = self._text(method, body)
        need(text, "text", self.says(400, bad + "message text is empty"))
        need(len(text) <= most, "length", self.says(400, bad + "message is too long"))
        for row in body.get("reply_markup", {}).get("inline_keyboard", []):
            for key in row:
                fits = "url" in key or 1 <= len(key["callback_data"].encode()) <= 64
                need(fits, "button", self.says(400, bad + "BUTTON_DATA_INVALID"))
        return [Letter(str(body["chat_id"]), text)]

    def __init__(self) -> None:
        super().__init__()
        self.webhook: dict[str, Any] = {"url": "", "has_custom_certificate": False}
        self.webhook_secret = ""

    def _webhook(self, method: str, body: dict[str, Any]) -> Reply:
        """Tell of the webhook, never of its secret, or set it."""
        if method == "getWebhookInfo":
            return as_json(200, {"ok": True, "result": {**self.webhook}})
        bad = self.says(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        need(body.get("url", "").startswith("https://"), "webhook url", bad)
        secret = body.get("secret_token", "")
        bad = self.says(400, "Bad Request: secret token contains unallowed characters")
        need(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret), "secret token", bad)
        self.webhook = {"url": body["url"], "allowed_updates": body["allowed_updates"]}
        self.webhook_secret = secret
        return as_json(200, {"ok": True, "result": True})

    def _text(self, method: str, body: dict[str, Any]) -> tuple[str, int]:
        if method == "sendPhoto":
            return body.get("caption", ""), 1024
        need(method == "sendMessage", "method", self.says(404, "Not Found"))
        return body.get("text", ""), 4096

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        result = {"message_id": 4182, "date": 1795248000, "chat": {"id": letters[0].recipient}}
        return as_json(200, {"ok": True, "result": result})


Telegram.refusals = {
    "throttle": Telegram.says(429, "Too Many Requests: retry after 17", retry_after=17),
    "blocked": Telegram.says(403, "Forbidden: bot was blocked by the user"),
    "gone": Telegram.says(400, "Bad Request: chat not found"),
    "moved": Telegram.says(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        migrate_to_chat_id=-1001234567890,
    ),
    "content": Telegram.says(400, "Bad Request: can't parse entities: Unclosed start tag"),
    "paused": Telegram.says(
        409, "Conflict: terminated by other getUpdates request; make sure that only one runs"
    ),
}


def vk_error(code: int, words: str) -> Reply:
    """Write an error of VK: always HTTP 200."""
    parameters = [{"key": "method", "value": "messages.send"}, {"key": "v", "value": "5.199"}]
    error = {"error_code": code, "error_msg": words, "request_params": parameters}
    return as_json(200, {"error": error})


class Vk(Fake):
    """messages.send 5.199: form only; the same random_id is one message."""

    name = "vk"
    token = "VK-TOKEN"
    failure = Reply(500, b"<html>500</html>", {"Content-Type": "text/html"})
    refusals = {
        "throttle": vk_error(6, "Too many requests per second"),
        "flood": vk_error(9, "Flood control"),
        "daily": vk_error(29, "Rate limit reached"),
        "blocked": vk_error(901, "Can't send messages for users without permission"),
        "privacy": vk_error(902, "Can't send messages to this user due to privacy settings"),
        "window": vk_error(943, "Cannot use this intent"),
        "content": vk_error(914, "Message is too long"),
        "captcha": vk_error(14, "Captcha needed"),
        "internal": vk_error(10, "Internal server error"),
        "auth": vk_error(5, "User authorization failed: invalid access_token (4)."),
        "novel": vk_error(98765, "Something new"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        wrong = vk_error(100, "One of the parameters specified was missing or invalid")
        need(call.method == "POST", "method", wrong)
        need(call.content_type == FORM, "content type", wrong)
        form = call.form()
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        need((form.get("access_token") or token) == self.token, "token", self.refusals["auth"])
        need(form.get("v") == "5.199", "version", vk_error(8, "Invalid request: no version"))
        method = call.path.removeprefix("/method/")
        if method.startswith("groups."):
            return self._community(method.removeprefix("groups."), form)
        if method in ("messages.sendMessageEventAnswer", "execute"):
            return as_json(200, {"response": 1})
        need(method == "messages.send", "method", vk_error(3, "Unknown method passed"))
        need(form.get("random_id", "").lstrip("-").isdigit(), "random_id", wrong)
        need(-(2**31) <= int(form["random_id"]) < 2**31, "random_id", wrong)
        need(form["random_id"] != "0", "random_id 0 switches protection off", wrong)
        text = form.get("message", "")
        need(text or form.get("attachment"), "message", wrong)
        need(len(text) <= 4096, "length", self.refusals["content"])
        self._keyboard(form.get("keyboard", ""))
        peer = form.get("peer_id") or form.get("user_id") or ""
        need(peer.lstrip("-").isdigit(), "peer_id", wrong)
        return [Letter(peer, text, form["random_id"], f"{peer}:{form['random_id']}")]

    group = 212345678
    code = "c0de"

    def __init__(self) -> None:
        super().__init__()
        self.servers: list[dict[str, Any]] = []
        self.settings: dict[str, str] = {}
        #: what VK hears when it asks a new server for the confirmation string
        self.ask: Callable[[str, dict[str, Any]], str] = lambda url, body: self.code

    def _community(self, method: str, form: dict[str, str]) -> Reply:
        """Play the community's callback servers; a new or changed one is asked at once."""
        if method == "getById":
            return as_json(200, {"response": {"groups": [{"id": self.group}]}})
        need(form.get("group_id") == str(self.group), "group_id", vk_error(15, "Access denied"))
        if method == "getCallbackConfirmationCode":
            return as_json(200, {"response": {"code": self.code}})
        if method == "getCallbackServers":
            return as_json(200, {"response": {"count": len(self.servers), "items": self.servers}})
        if method == "setCallbackSettings":
            known = {str(one["id"]) for one in self.servers}
            need(form.get("server_id") in known, "server_id", vk_error(100, "server_id"))
            self.settings = form
            return as_json(200, {"response": 1})
        return self._server(method, form)

    def _server(self, method: str, form: dict[str, str]) -> Reply:
        wrong = vk_error(100, "One of the parameters specified was missing or invalid")
        need(1 <= len(form.get("title", "")) <= 14, "title", wrong)
        need(len(form.get("secret_key", "")) <= 50, "secret_key", wrong)
        number = int(form.get("server_id", len(self.servers) + 1))
        self.servers = [one for one in self.servers if one["id"] != number]
        asked = {"type": "confirmation", "group_id": self.group, "secret": form["secret_key"]}
        is_ok = self.ask(form["url"], asked) == self.code
        told = {name: form[name] for name in ("url", "title", "secret_key")}
        self.servers.append({"id": number, "status": "ok" if is_ok else "failed", **told})
        return as_json(200, {"response": {"server_id": number}})

    def _keyboard(self, text: str) -> None:
        wrong = vk_error(911, "Keyboard format is invalid")
        if not text:
            return
        try:
            keyboard = json.loads(text)
        except ValueError:
            raise Refusal("keyboard", wrong) from None
        rows, most = keyboard["buttons"], 10 if keyboard.get("inline") else 40
        need(len(rows) <= (6 if keyboard.get("inline") else 10), "rows", wrong)
        need(all(len(row) <= 5 for row in rows), "row", wrong)
        buttons = [button["action"] for row in rows for button in row]
        need(len(buttons) <= most, "buttons", wrong)
        for action in buttons:
            need(action["type"] in {"text", "callback", "open_link"}, "button type", wrong)
            need(1 <= len(action["label"]) <= 40, "label", wrong)
            payload = action.get("payload", "{}")
            need(isinstance(payload, str) and len(payload) <= 255, "payload", wrong)
            need(isinstance(json.loads(payload), dict), "payload is an object", wrong)
            need(action["type"] != "open_link" or action.get("link"), "link", wrong)

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return as_json(200, {"response": 9000 + len(self.letters)})


def max_error(status: int, code: str, words: str) -> Reply:
    """Write an error of MAX."""
    return as_json(status, {"code": code, "message": words})


class Max(Fake):
    """platform-api2.max.ru: raw token, recipient in the query."""

    name = "max"
    token = "MAX-TOKEN"
    failure = max_error(500, "internal.error", "Internal error")
    refusals = {
        "throttle": max_error(429, "too.many.requests", "Too many requests"),
        "blocked": max_error(403, "chat.denied", "Key: error.dialog.suspended"),
        "gone": max_error(404, "chat.not.found", "Chat not found"),
        "content": max_error(400, "proto.payload", "Invalid request: text"),
        "attachment": max_error(400, "attachment.not.ready", "Key: errors.process.attachment"),
        "auth": max_error(401, "verify.token", "Invalid access_token"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        need("access_token" not in call.query, "token in the query", self.refusals["auth"])
        need(call.headers.get("authorization") == self.token, "token", self.refusals["auth"])
        if (call.method, call.path) == ("GET", "/me"):
            return as_json(200, {"user_id": 229229229, "is_bot": True})
        if call.path == "/subscriptions":
            return self._subscription(call)
        if call.path == "/answers" or (call.method, call.path) == ("PUT", "/messages"):
            return as_json(200, {"success": True})
        wrong = self.refusals["content"]
        need(
            (call.method, call.path) == ("POST", "/messages"),
            "path",
            max_error(404, "not.found", ""),
        )
        recipient = call.query.get("user_id") or call.query.get("chat_id", "")
        need(recipient.lstrip("-").isdigit(), "recipient", wrong)
        need(call.content_type == JSON, "content type", wrong)
        body = call.json()
        text = body.get("text") or ""
        need(len(text) <= 4000, "length", wrong)
        need(body.get("format", "markdown") in {"markdown", "html"}, "format", wrong)
        need(text or body.get("attachments"), "empty", wrong)
        for attachment in body.get("attachments") or []:
            self._attachment(attachment, wrong)
        return [Letter(recipient, text)]

    def __init__(self) -> None:
        super().__init__()
        self.subscriptions: dict[str, dict[str, Any]] = {}

    def _subscription(self, call: Call) -> Reply:
        if call.method == "POST":
            body = call.json()
            fine = re.fullmatch(r"[A-Za-z0-9_-]{5,256}", body.get("secret", ""))
            need(fine, "secret", self.refusals["content"])
            need(body["url"].startswith("https://"), "https", self.refusals["content"])
            self.subscriptions[body["url"]] = body
            return as_json(200, {"success": True})
        listed = [
            {"url": url, "time": 1, "update_types": one["update_types"]}
            for url, one in self.subscriptions.items()
        ]
        return as_json(200, {"subscriptions": listed})

    def _attachment(self, attachment: dict[str, Any], wrong: Reply) -> None:
        if attachment["type"] != "inline_keyboard":
            payload = attachment["payload"]
            need(payload.get("url") or payload.get("token"), "attachment", wrong)
            return
        rows = attachment["payload"]["buttons"]
        need(len(rows) <= 30, "rows", wrong)
        for row in rows:
            links = [button for button in row if button["type"] != "callback"]
            need(len(row) <= (3 if links else 7), "row", wrong)
            for button in row:
                need(1 <= len(button["text"]) <= 128, "button text", wrong)
                need(len(button.get("payload", "")) <= 1024, "button payload", wrong)
                need(len(button.get("url", "")) <= 2048, "button url", wrong)

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        body = {"mid": f"mid.{len(self.letters):024x}", "seq": 116328147937082782, "text": ""}
        recipient = {"chat_id": 182182182, "chat_type": "dialog", "user_id": 123456789}
        return as_json(200, {"message": {"recipient": recipient, "timestamp": 1, "body": body}})
