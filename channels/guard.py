"""Which addresses may a tenant's URL lead to: public ones, and those the operator permits."""

from __future__ import annotations

import ipaddress
import socket
import time
from functools import lru_cache

from channels.errors import Permanent

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# RFC 6052: an IPv4 address in the last 32 bits, reached through a translator.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# RFC 4291: all that is handed out for the public internet; the rest is reserved or local.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

MOST_KNOWN = 4096  # addresses; each call of a kept connection asks again


class AddressGuard:
    """Say whether a connection to an address is allowed.

    allowed: host names, addresses or networks ("10.1.0.0/16") of the operator's own servers.
    The address of the socket decides, after resolution: a name cannot change its mind between
    the check and the connection.
    """

    def __init__(self, allowed: tuple[str, ...] = ()) -> None:
        networks, hosts = _split(allowed)
        self._networks = networks
        self._hosts = hosts
        self._known: dict[str, bool] = {}

    def permits(self, ip: str) -> bool:
        """Say whether this address may be connected to; what is no address may not."""
        known = self._known.get(ip)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[ip] = self._judged(ip)
        return known

    def _judged(self, ip: str) -> bool:
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            return False
        inner = _embedded(address)
        return any(inner in network for network in self._networks) or _is_public(ip)

    def permits_through(self, proxy_ip: str, host: str) -> bool:
        """Say whether a target may be reached through the proxy at this address.

        A proxy on the public internet sees what everyone sees. One of the operator's own network
        sees what this guard hides, and finds names' addresses itself: through it only those go
        that the operator permits, and names only by name.
        """
        if self.trusts(host):
            return True
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return _is_public(proxy_ip)
        return self.permits(host)

    def trusts(self, host: str) -> bool:
        """Say whether the operator permits this host by name, whatever it resolves to."""
        return host.lower().rstrip(".") in self._hosts


def connect(host: str, port: int, *, guard: AddressGuard | None, timeout_s: float) -> socket.socket:
    """Open a TCP connection to the first permitted address that answers.

    guard: None lets every address pass. timeout_s: for all addresses together, of which a name may
    have hundreds. Raises Permanent when all addresses are refused, OSError when none answers.
    """
    deadline = time.monotonic() + timeout_s
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [info[4] for info in found]
    if guard is not None and not guard.trusts(host):
        addresses = [address for address in addresses if guard.permits(str(address[0]))]
    if found and not addresses:
        raise refusal()
    failure: OSError = OSError("no address")
    for address in addresses:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            break
        try:
            opened = socket.create_connection((str(address[0]), port), timeout=left_s)
            opened.settimeout(timeout_s)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
        except OSError as error:
            failure = error
    raise failure


def refusal() -> Permanent:
    """Name the one reason for every refused address: details would map the operator's network."""
    return Permanent("target address is not allowed")


def _split(allowed: tuple[str, ...]) -> tuple[tuple[Network, ...], frozenset[str]]:
    networks: list[Network] = []
    hosts: set[str] = set()
    for entry in allowed:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            hosts.add(entry.lower().rstrip("."))
    return tuple(networks), frozenset(hosts)


@lru_cache(maxsize=4096)
def _is_public(ip: str) -> bool:
    address = _embedded(ipaddress.ip_address(ip))
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _embedded(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
