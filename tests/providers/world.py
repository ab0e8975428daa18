"""All fake providers of a test process: which server speaks for which of them?"""

from __future__ import annotations

from tests.providers.fake import Fake
from tests.providers.http2 import Http2Server
from tests.providers.server import ProviderServer

HTTP2 = {"apns"}


class World:
    """Set `fakes[name]` to a fresh fake, then send to `base(name)`."""

    def __init__(self) -> None:
        self.fakes: dict[str, Fake] = {}
        self._plain = ProviderServer(self.fakes)
        self._second = Http2Server(self.fakes)

    def base(self, name: str) -> str:
        return (self._second if name in HTTP2 else self._plain).base(name)

    def close(self) -> None:
        self._plain.close()
        self._second.close()
