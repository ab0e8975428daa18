"""Receivers that speak our own or an open protocol: signed webhooks, the Phone, any HTTP API."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence

from tests.providers.fake import Fake, Letter, need
from tests.providers.server import Call, Reply, as_json

TOLERANCE_S = 300


class Webhook(Fake):
    """A salon's server that checks signatures as Standard Webhooks 1.0.0 says."""

    name = "webhook"
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    refusals = {
        "throttle": Reply(429, b"", {"Retry-After": "30"}),
        "throttle_503": Reply(503, b"", {"Retry-After": "40"}),
        "content": Reply(422, b""),
        "moved": Reply(301, b"", {"Location": "http://127.0.0.1:1/"}),
        "gone": Reply(410, b""),
    }

    def read(self, call: Call) -> Sequence[Letter]:
        need(call.method == "POST", "method", Reply(405))
        need(call.content_type == "application/json", "content type", Reply(415))
        key = call.headers.get("webhook-id", "")
        moment = call.headers.get("webhook-timestamp", "0")
        need(abs(time.time() - int(moment)) < TOLERANCE_S, "timestamp", Reply(400))
        need(key and "." not in key, "webhook-id", Reply(400))
        given = call.headers.get("webhook-signature", "").split(" ")
        need(f"v1,{self._sign(f'{key}.{moment}.', call.body)}" in given, "signature", Reply(401))
        body = call.json()
        return [Letter(body["address"], body["body"], key, key)]

    def _sign(self, start: str, body: bytes) -> str:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = hmac.new(key, start.encode() + body, hashlib.sha256).digest()
        return base64.b64encode(signed).decode()

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return as_json(200, {"id": f"their-{len(self.letters)}"})


class Phone(Fake):
    """What the Phone's own page answers; signature: `kolokol-signature: t=...,v1=...`."""

    name = "sandbox"
    secret = "PHONE-SECRET"
    refusals = {
        "no_network": as_json(503, {"fault": "no_network"}),
        "gone": as_json(404, {"fault": "not_registered"}),
        "blocked": as_json(403, {"fault": "blocked"}),
        "window": as_json(409, {"fault": "window_closed"}),
        "content": as_json(413, {}),
    }

    def read(self, call: Call) -> Sequence[Letter] | Reply:
        given = dict(part.split("=", 1) for part in call.headers["kolokol-signature"].split(","))
        signed = f"to-phone.{given['t']}.".encode() + call.body
        expected = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        need(hmac.compare_digest(expected, given["v1"]), "signature", as_json(401, {}))
        body = call.json()
        if body["type"] == "probe":
            return as_json(200, {})
        return [Letter(body["address"], body["body"], body["id"], body["id"])]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return as_json(200, {"id": letters[0].id})


class AnyApi(Fake):
    """A provider that nobody has written an adapter for: JSON, a bearer key, words for errors."""

    name = "generic_http"
    key = "ANY-API-KEY"
    failure = as_json(500, {"error": {"code": "oops"}})
    refusals = {
        "throttle": as_json(429, {"error": {"code": "slow_down"}}, {"Retry-After": "12"}),
        "blocked": as_json(200, {"error": {"code": "blocked"}}),
        "billing": as_json(402, {"error": {"code": "no_money"}}),
        "window": as_json(409, {"error": {"code": "window"}}),
        "stopped": as_json(409, {"error": {"code": "stop"}}),
        "content": as_json(422, {"error": {"code": "too_long"}}),
        "novel": as_json(200, {"error": {"code": "never_heard"}}),
    }

    def read(self, call: Call) -> Sequence[Letter]:
        need(call.bearer == self.key, "key", as_json(401, {"error": {"code": "key"}}))
        need((call.method, call.path) == ("PUT", "/messages"), "path", as_json(404, {}))
        need(call.content_type == "application/json", "content type", as_json(415, {}))
        body = call.json()
        need(set(body) == {"to", "text", "id"}, "fields", self.refusals["content"])
        return [Letter(body["to"], body["text"], body["id"])]

    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        return as_json(200, {"result": {"ok": True, "ids": [f"any-{len(self.letters)}"]}})
