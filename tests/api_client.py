"""A client of the API: Django's test client through the real middleware, with a key."""

from __future__ import annotations

import json

from django.test import Client


class Api:
    """Calls with a key. The answer is Django's; `.json()` reads it."""

    def __init__(self, key: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"ApiKey {key}"} if key else {}

    def call(self, method: str, path: str, body=None, *, raw: bytes | None = None, **headers):
        """Call; headers are written with underscores."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        kind = names.pop("Content-Type", "application/json")
        return self.client.generic(
            method, path, content, content_type=kind, headers=self.headers | names
        )

    def get(self, path: str, **headers):
        return self.call("GET", path, **headers)

    def post(self, path: str, body=None, **headers):
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body=None, **headers):
        return self.call("PATCH", path, body, **headers)

    def put(self, path: str, body=None, **headers):
        return self.call("PUT", path, body, **headers)

    def delete(self, path: str, body=None, **headers):
        return self.call("DELETE", path, body, **headers)
