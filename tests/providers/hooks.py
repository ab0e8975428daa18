"""How do fake providers take orders to call somebody back? Each as its own API does.

Each function answers a call about webhooks, None when it is about something else.
Written from the providers' API references, read 2026-11.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from tests.providers import keys
from tests.providers.fake import Fake, need
from tests.providers.server import Call, Reply, as_json

WRONG = as_json(400, {"message": "wrong webhook"})
GONE = as_json(404, {"message": "no such webhook"})


def sendgrid(fake: Fake, call: Call) -> Reply | None:
    """v3/user/webhooks/event/settings: several webhooks, each with a key of its own."""
    start, found, rest = call.path.partition("/v3/user/webhooks/event/settings")
    if start or not found:
        return None
    if rest == "/all":
        listed = [{"id": key, **hook} for key, hook in fake.hooks.items()]
        return as_json(200, {"max_allowed": 5, "webhooks": listed})
    if rest.startswith("/signed/"):
        need(rest.rpartition("/")[2] in fake.hooks, "webhook", GONE)
        need(call.json() == {"enabled": True}, "enabled", WRONG)
        return as_json(200, {"id": rest.rpartition("/")[2], "public_key": keys.SENDGRID_PUBLIC})
    key = rest.strip("/") or f"hook{len(fake.hooks) + 1}"
    need((call.method == "POST") == (not rest), "method", WRONG)
    need(call.json()["url"].startswith("https://"), "url", WRONG)
    fake.hooks[key] = call.json()
    return as_json(201 if not rest else 200, {"id": key, **fake.hooks[key]})


def mailgun(fake: Fake, call: Call) -> Reply | None:
    """v3/domains/<domain>/webhooks: up to three addresses per event; the key for all."""
    if call.path == "/v5/accounts/http_signing_key":
        return as_json(200, {"message": "success", "http_signing_key": keys.MAILGUN})
    _, found, event = call.path.partition("/webhooks")
    if not found:
        return None
    if call.method == "GET":
        return as_json(200, {"webhooks": fake.hooks})
    form = parse_qs(call.body.decode())
    name = event.strip("/") or form["id"][0]
    need((call.method == "POST") == (name not in fake.hooks), "exists", WRONG)
    need(1 <= len(form["url"]) <= 3, "url", WRONG)
    fake.hooks[name] = {"urls": form["url"]}
    return as_json(200, {"message": "Webhook has been updated", "webhook": fake.hooks[name]})


def postmark(fake: Fake, call: Call) -> Reply | None:
    """webhooks: one per stream and address."""
    if not call.path.startswith("/webhooks"):
        return None
    if call.method == "GET":
        listed = [{"ID": int(key), **hook} for key, hook in fake.hooks.items()]
        return as_json(200, {"Webhooks": listed})
    body, key = call.json(), call.path.removeprefix("/webhooks").strip("/")
    need((call.method == "POST") == (not key), "method", WRONG)
    need(set(body["Triggers"]) >= {"Bounce", "Delivery", "SpamComplaint"}, "triggers", WRONG)
    key = key or str(len(fake.hooks) + 1)
    fake.hooks[key] = {**fake.hooks.get(key, {"MessageStream": "outbound"}), **body}
    return as_json(200, {"ID": int(key), **fake.hooks[key]})


def brevo(fake: Fake, call: Call) -> Reply | None:
    """v3/webhooks: none at all is a 404."""
    if not call.path.startswith("/v3/webhooks"):
        return None
    if call.method == "GET":
        listed = [{"id": int(key), **hook} for key, hook in fake.hooks.items()]
        missing = as_json(404, {"code": "document_not_found", "message": "Webhook not found"})
        return as_json(200, {"webhooks": listed}) if listed else missing
    body, key = call.json(), call.path.removeprefix("/v3/webhooks").strip("/")
    need("hardBounce" in body["events"], "events", WRONG)
    need(bool(key) or body["type"] == "transactional", "type", WRONG)
    is_new = not key
    key = key or str(len(fake.hooks) + 1)
    fake.hooks[key] = body
    return as_json(201, {"id": int(key)}) if is_new else Reply(204)


def resend(fake: Fake, call: Call) -> Reply | None:
    """webhooks: the signing secret is told of a new one and of a single one."""
    if not call.path.startswith("/webhooks"):
        return None
    key = call.path.removeprefix("/webhooks").strip("/")
    secret = {"signing_secret": keys.RESEND}
    if call.method == "POST":
        need("email.bounced" in call.json()["events"], "events", WRONG)
        key = f"hook{len(fake.hooks) + 1}"
        fake.hooks[key] = call.json()
        return as_json(201, {"object": "webhook", "id": key, **secret})
    if key:
        return as_json(200, {"id": key, **fake.hooks[key], **secret})
    listed = [{"id": key, **hook} for key, hook in fake.hooks.items()]
    return as_json(200, {"object": "list", "data": listed})


def unisender_go(fake: Fake, call: Call) -> Reply | None:
    """webhook/set.json: the address is the key."""
    if not call.path.endswith("/webhook/set.json"):
        return None
    body = call.json()
    need(body["event_format"] == "json_post", "format", WRONG)
    need("hard_bounced" in body["events"]["email_status"], "events", WRONG)
    fake.hooks[body["url"]] = body
    return as_json(200, {"status": "success", "object": body})


def smsru(fake: Fake, call: Call) -> Reply | None:
    """callback/add: a list of addresses."""
    if call.path != "/callback/add":
        return None
    fake.hooks[call.form()["url"]] = {}
    told = {f"record{at}": {"url": url} for at, url in enumerate(fake.hooks, 1)}
    return as_json(200, {"status": "OK", "status_code": 100, "callbacks": told})
