"""What is one call to a provider, and its answer? Complete values, no sockets.

They are made once per message, hence not frozen: freezing costs more than it guards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class HttpRequest:
    """One HTTPS call, complete: transport adds nothing but the connection.

    timeout_s: for the whole call. ca_file: the provider's own bundle, else certifi's.
    trusted: the platform itself chose the URL (not a tenant), so private addresses are allowed.
    sends: False for a preparing call (a token, a contact): if its answer is lost, nothing was sent.
    http2: the provider speaks nothing else. proxy: URL of the integration's own proxy.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    timeout_s: float = 10.0
    ca_file: str = ""
    trusted: bool = False
    sends: bool = True
    http2: bool = False
    proxy: str = ""


@dataclass(slots=True)
class HttpResponse:
    """status, header names in lower case, raw body (at most 64 KB are kept)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
