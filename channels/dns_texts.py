"""What texts does DNS hold under a name? Asked with time-outs, and only of public names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

import dns.exception
import dns.name
import dns.resolver

TRY_S = 2.0  # one server
ASK_S = 4.0  # all servers together
#: RFC 6761, RFC 8375 and what companies use inside: their answers are nobody's business outside.
INNER = frozenset({"arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local"}) | {
    "localhost",
    "onion",
}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)


class NoAnswer(Exception):
    """DNS did not answer, or answered that it cannot now."""


class Lookup:
    """Asks these servers ("ip" or "ip:port"), or those of the machine when there are none."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        self._resolver.timeout, self._resolver.lifetime = TRY_S, ASK_S
        self._resolver.search = []  # never the machine's own domain
        if servers:
            pairs = [_address(server) for server in servers]
            self._resolver.nameservers = [address for address, _ in pairs]
            self._resolver.port = pairs[0][1]

    def texts(self, name: str) -> list[str]:
        """Give the TXT records of a name, aliases followed; none of a name that is not public.

        Raises NoAnswer.
        """
        if not is_public(name):
            return []
        try:
            answer = self._resolver.resolve(dns.name.from_text(name), "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswer(type(error).__name__) from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def is_public(domain: str) -> bool:
    """Ask whether a domain is one of the public internet, as far as its name tells."""
    labels = domain.rstrip(".").split(".")
    is_name = len(domain) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    return is_name and len(labels) > 1 and labels[-1].lower() not in INNER and not _is_ip(domain)


def _is_ip(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        return False
    return True


def _address(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    return (host, int(port)) if colon and port.isdecimal() else (server, 53)
