"""Exit 0 when this container's web server is alive; the argument is its PUBLIC_URL."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

LIVE = "http://127.0.0.1:8000/health/live"


def main(public_url: str) -> None:
    """Ask by the public name: Django refuses a host that is not in ALLOWED_HOSTS."""
    request = Request(LIVE, headers={"Host": urlsplit(public_url).netloc})
    with urlopen(request, timeout=4):  # noqa: S310 - a fixed http address
        pass


if __name__ == "__main__":
    main(sys.argv[1])
