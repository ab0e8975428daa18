"""Which address does a request come from? The connection's, unless a trusted proxy says better.

X-Forwarded-For is what the client claims plus what each proxy appended, so it is read from the
right, and only as long as the one who wrote the entry is in TRUSTED_PROXIES.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PROXY_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


def client_address(request: HttpRequest) -> str:
    """Give the client's address; empty when the connection has none (a unix socket)."""
    return address_in(request.META)


def address_in(environ: Mapping[str, Any]) -> str:
    """Give the client's address of a WSGI call."""
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", ""))
    return resolve(str(environ.get("REMOTE_ADDR", "")), forwarded, trusted_networks())


def is_direct_loopback(request: HttpRequest) -> bool:
    """Ask whether a process of this machine calls by itself, not a proxy on behalf of somebody."""
    remote = _read(str(request.META.get("REMOTE_ADDR", "")))
    return (
        remote is not None
        and remote.is_loopback
        and not any(name in request.META for name in _PROXY_HEADERS)
    )


def resolve(remote: str, forwarded: str, trusted: Iterable[Network]) -> str:
    """Walk from the connection towards the client until somebody is not trusted."""
    networks = tuple(trusted)
    address = _read(remote)
    for entry in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if address is None or not any(address in network for network in networks):
            break
        further = _read(entry)
        if further is None:
            break  # nonsense from a client; the proxy's own address is the last that is certain
        address = further
    return "" if address is None else str(address)


def trusted_networks() -> tuple[Network, ...]:
    """Read TRUSTED_PROXIES; raises ImproperlyConfigured for what is no address or network."""
    return _networks(tuple(settings.TRUSTED_PROXIES))


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(text.strip(), strict=False) for text in texts)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES must hold addresses or networks such as 10.0.0.0/8: {error}."
        ) from error


def _read(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:10.0.0.1 of a dual-stack socket
    return mapped or address
