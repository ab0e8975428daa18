"""Meta's messengers as messengers.md describes them: WhatsApp and Instagram."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.providers.fake import Fake, Letter, need
from tests.providers.server import Call, Reply, as_json

JSON = "application/json"


def graph_error(status: int, code: int, words: str, **more: Any) -> Reply:
    """Write an error of Meta's Graph API."""
    error = {"message": words, "type": "OAuthException", "code": code, "fbtrace_id": "Az8", **more}
    return as_json(status, {"error": error})


class WhatsApp(Fake):
    """Cloud API v25.0: session text, buttons, templates."""

    name = "whatsapp_cloud"
    token = "WHATSAPP-TOKEN"
    number_id = "106540352242922"
    business_id = "102290129340398"
    failure = graph_error(500, 2, "Service temporarily unavailable", is_transient=True)
    refusals = {
        "throttle": graph_error(429, 130429, "(#130429) Rate limit hit"),
        "pair": graph_error(400, 131056, "(#131056) pair rate limit hit"),
        "blocked": graph_error(400, 131026, "(#131026) Message undeliverable"),
        "stopped": graph_error(400, 131050, "(#131050) User has stopped marketing messages"),
        "window": graph_error(400, 131047, "(#131047) Re-engagement message"),
        "deferred": graph_error(400, 131049, "(#131049) Healthy ecosystem engagement"),
        "spam": graph_error(400, 131048, "(#131048) Spam rate limit hit"),
        "content": graph_error(400, 131009, "(#131009) Parameter value is not valid"),
        "template_refused": graph_error(400, 132000, "(#132000) Number of parameters differs"),
        "template": graph_error(400, 132015, "(#132015) Template is paused"),
        "billing": graph_error(400, 131042, "(#131042) Business eligibility payment issue"),
        "locked": graph_error(403, 131031, "(#131031) Account has been locked"),
        "auth": graph_error(401, 190, "Error validating access token", error_subcode=463),
        "novel": graph_error(400, 999999, "(#999999) Something new"),
    }
    types = ("text", "interactive", "template", "image", "document")

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        need(call.headers.get("authorization") == f"Bearer {self.token}", "token", self.bad_token)
        version, _, rest = call.path.removeprefix("/").partition("/")
        unknown = graph_error(404, 100, "Unsupported request", error_subcode=33)
        need(version.startswith("v") and version[1:].replace(".", "").isdigit(), "path", unknown)
        if call.method == "GET":
            return as_json(200, {"id": self.number_id})
        if rest == f"{self.business_id}/subscribed_apps":
            self.is_subscribed = True
            return as_json(200, {"success": True})
        if rest == self.number_id:
            return self._override(call.json()["webhook_configuration"])
        if rest == f"{self.number_id}/messages" and call.json().get("status") == "read":
            return as_json(200, {"success": True})
        need(rest == f"{self.number_id}/messages", "path", unknown)
        wrong = graph_error(400, 100, "(#100) Invalid parameter")
        need(call.content_type == JSON, "content type", wrong)
        body = call.json()
        need(body.get("messaging_product") == "whatsapp", "messaging_product", wrong)
        need(body.get("recipient_type") == "individual", "recipient_type", wrong)
        need(("to" in body) != ("recipient" in body), "to or recipient", wrong)
        need(body.get("to", "1").isdigit(), "to", wrong)
        need(len(body.get("biz_opaque_callback_data", "")) <= 512, "callback data", wrong)
        need(body.get("type") in self.types, "type", wrong)
        text = getattr(self, f"_{body['type']}")(body[body["type"]], wrong)
        recipient = body.get("to") or body["recipient"]
        return [Letter(recipient, text, body.get("biz_opaque_callback_data", ""))]

    bad_token = refusals["auth"]

    def __init__(self) -> None:
        super().__init__()
        self.is_subscribed = False
        self.address: dict[str, Any] = {}
        #: what Meta hears when it asks a new address for its challenge
        self.ask: Callable[[str, dict[str, str]], str] = lambda url, query: query["hub.challenge"]

    def _override(self, body: dict[str, Any]) -> Reply:
        """Ask the address for the challenge before it is taken."""
        query = {
            "hub.mode": "subscribe",
            "hub.verify_token": body["verify_token"],
            "hub.challenge": "1158201444",
        }
        heard = self.ask(body["override_callback_uri"], query)
        words = "(#2200) Callback verification failed with the following errors: HTTP Status 403"
        need(heard == "1158201444", "challenge", graph_error(400, 2200, words))
        self.address = body
        return as_json(200, {"success": True})

    def _text(self, text: dict[str, Any], wrong: Reply) -> str:
        need(1 <= len(text.get("body", "")) <= 4096, "length", wrong)
        return str(text["body"])

    def _interactive(self, one: dict[str, Any], wrong: Reply) -> str:
        body = one.get("body", {}).get("text", "")
        need(1 <= len(body) <= 1024, "body", wrong)
        need(len(one.get("footer", {}).get("text", "")) <= 60, "footer", wrong)
        need(len(one.get("header", {}).get("text", "")) <= 60, "header", wrong)
        if one.get("type") == "button":
            self._replies(one.get("action", {}).get("buttons", []), wrong)
        elif one.get("type") == "cta_url":
            parameters = one.get("action", {}).get("parameters", {})
            need(1 <= len(parameters.get("display_text", "")) <= 20, "link title", wrong)
            need(parameters.get("url", "").startswith("http"), "link", wrong)
        else:
            need(one.get("type") == "list", "interactive type", wrong)
        return str(body)

    def _replies(self, buttons: list[dict[str, Any]], wrong: Reply) -> None:
        need(1 <= len(buttons) <= 3, "buttons", wrong)
        for button in buttons:
            reply = button.get("reply", {})
            need(button.get("type") == "reply", "button type", wrong)
            need(1 <= len(reply.get("title", "")) <= 20, "button title", wrong)
            need(1 <= len(reply.get("id", "")) <= 256, "button id", wrong)
        titles = [button["reply"]["title"] for button in buttons]
        need(len(set(titles)) == len(titles), "button titles differ", wrong)

    def _template(self, template: dict[str, Any], wrong: Reply) -> str:
        need(template.get("name"), "template name", wrong)
        need(template.get("language", {}).get("code"), "template language", wrong)
        for component in template.get("components", []):
            need(component.get("type") in {"header", "body", "button"}, "component", wrong)
            if component["type"] == "button":
                need(isinstance(component.get("index"), str), "button index", wrong)
                need(component.get("sub_type") in {"quick_reply", "url"}, "sub_type", wrong)
        return f"template {template['name']}"

    def _image(self, image: dict[str, Any], wrong: Reply) -> str:
        need(("link" in image) != ("id" in image), "image", wrong)
        need(len(image.get("caption", "")) <= 1024, "caption", wrong)
        return str(image.get("caption", "")) or "image"

    _document = _image

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        to = letters[0].recipient
        return as_json(
            200,
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": to}],
                "messages": [{"id": f"wamid.{len(self.letters)}", "message_status": "accepted"}],
            },
        )


class Instagram(Fake):
    """Instagram API with Instagram Login: answers inside the window only; text counts in bytes."""

    name = "instagram"
    token = "INSTAGRAM-TOKEN"
    failure = graph_error(500, 2, "Service temporarily unavailable")
    refusals = {
        "throttle": graph_error(400, 613, "(#613) Calls to this api have exceeded the rate limit."),
        "blocked": graph_error(
            400, 551, "(#551) This person isn't available right now.", error_subcode=1545041
        ),
        "window": graph_error(
            403, 10, "(#10) This message is sent outside of allowed window.", error_subcode=2534022
        ),
        "content": graph_error(400, 100, "(#100) Invalid parameter"),
        "denied": graph_error(403, 10, "(#10) Application does not have permission"),
        "auth": graph_error(401, 190, "Error validating access token", error_subcode=463),
        "novel": graph_error(400, 999999, "(#999999) Something new"),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        auth = self.refusals["auth"]
        need(call.headers.get("authorization") == f"Bearer {self.token}", "token", auth)
        wrong = self.refusals["content"]
        if call.method == "GET":
            return as_json(200, {"user_id": "17841405822304914", "username": "salon"})
        if call.path.endswith("/me/subscribed_apps"):
            self.subscribed = call.query.get("subscribed_fields", "").split(",")
            return as_json(200, {"success": True})
        need(call.path.rpartition("/")[2] == "messages", "path", wrong)
        need(call.path.startswith("/v"), "version", wrong)
        need(call.content_type == JSON, "content type", wrong)
        body = call.json()
        need(body.get("recipient", {}).get("id"), "recipient", wrong)
        tag = (body.get("messaging_type"), body.get("tag"))
        need(
            tag in {(None, None), ("RESPONSE", None), ("MESSAGE_TAG", "HUMAN_AGENT")}, "tag", wrong
        )
        text = self._message(body.get("message", {}), wrong)
        return [Letter(body["recipient"]["id"], text)]

    subscribed: Sequence[str] = ()

    def _message(self, message: dict[str, Any], wrong: Reply) -> str:
        attachment = message.get("attachment", {})
        text = message.get("text") or attachment.get("payload", {}).get("text", "")
        need(text or attachment, "text", wrong)
        need(len(text.encode()) <= 1000, "length in bytes", wrong)
        replies = message.get("quick_replies", [])
        need(len(replies) <= 13, "quick replies", wrong)
        need(all(1 <= len(one["title"]) <= 20 for one in replies), "title", wrong)
        buttons = attachment.get("payload", {}).get("buttons", [])
        need(len(buttons) <= 3, "buttons", wrong)
        return text or str(attachment.get("type"))

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return as_json(
            200, {"recipient_id": letters[0].recipient, "message_id": f"aWd{len(self.letters)}"}
        )
