"""A provider on loopback that takes signed webhooks, counts them, and fails as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Provider:
    """bodies: every message that was read completely, in order. answer: decides by message.

    An answer of status 0 hangs up without a word.
    """

    delay_s: float = 0.0
    answer: Callable[[dict[str, Any]], Answer] = lambda body: (200, {}, b"{}")
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                provider.bodies.append(body)
                if provider.delay_s:
                    time.sleep(provider.delay_s)
                status, headers, content = provider.answer(body)
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Workers are killed while they call; that is what the tests are about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    @property
    def ids(self) -> Counter[str]:
        """How often each message id has arrived."""
        return Counter(body["id"] for body in self.bodies)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
