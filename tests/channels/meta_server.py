"""A server on loopback that reviews templates as Meta does, and lets only approved ones pass.

Every client's 24-hour window is closed here.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ACCOUNT, NUMBER = "2001", "1055"


class MetaServer:
    """templates: name -> what was submitted, with its status. sent: messages that were taken."""

    def __init__(self, page: int = 2) -> None:
        self.templates: dict[str, dict[str, Any]] = {}
        self.sent: list[dict[str, Any]] = []
        self.refusal: dict[str, Any] | None = None
        self.page = page
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                self.answer(*outer.listed(query.get("after", ["0"])[0]))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                verb = outer.submitted if self.path.endswith("/message_templates") else outer.taken
                self.answer(*verb(body))

            def answer(self, status: int, body: Any) -> None:
                if self.headers["Authorization"] != "Bearer TOKEN":
                    status, body = 401, error(190, "Invalid OAuth access token.")
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "token": "TOKEN",
            "phone_number_id": NUMBER,
            "business_account_id": ACCOUNT,
            "api_base": f"http://127.0.0.1:{self.server.server_address[1]}",
        }

    def submitted(self, body: dict[str, Any]) -> tuple[int, Any]:
        if self.refusal:
            return 400, self.refusal
        text = next(part for part in body["components"] if part["type"] == "BODY")
        wanted = set(re.findall(r"\{\{(\d+)\}\}", text["text"]))
        given = (text.get("example") or {}).get("body_text", [[]])[0]
        if len(wanted) != len(given) or body["name"] in self.templates:
            return 400, error(100, "Invalid parameter")
        self.templates[body["name"]] = {**body, "status": "PENDING"}
        return 200, {"id": f"id-{body['name']}", "status": "PENDING", "category": body["category"]}

    def listed(self, after: str) -> tuple[int, Any]:
        start, names = int(after), list(self.templates)
        rows = [
            {
                "id": f"id-{name}",
                **{
                    key: self.templates[name].get(key)
                    for key in ("name", "language", "status", "category", "rejected_reason")
                },
            }
            for name in names[start : start + self.page]
        ]
        paging: dict[str, Any] = {"cursors": {"after": str(start + self.page)}}
        if start + self.page < len(names):
            paging["next"] = "https://graph.facebook.com/next"
        return 200, {"data": rows, "paging": paging}

    def taken(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["type"] != "template":
            return 400, error(131047, "Re-engagement message")
        known = self.templates.get(body["template"]["name"], {})
        if known.get("status") == "PAUSED":
            return 400, error(132015, "Template is paused")
        if known.get("status") != "APPROVED":
            return 404, error(132001, "Template name does not exist in the translation")
        self.sent.append(body)
        return 200, {"messages": [{"id": f"wamid.{len(self.sent)}"}]}

    def review(self, name: str, status: str, **more: str) -> None:
        self.templates[name] |= {"status": status, **more}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def error(code: int, message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "OAuthException", "code": code, **more}}
