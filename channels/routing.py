"""By which way does an account's call leave: through which proxy, trusting whom?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from channels.request import HttpRequest


def routed(request: HttpRequest, credentials: Mapping[str, str]) -> HttpRequest:
    """Give the call as this account's settings send it; what the platform chose stays as it is."""
    proxy = credentials.get("proxy", "")
    if not proxy or request.trusted:
        return request
    return replace(request, proxy=request.proxy or proxy)
