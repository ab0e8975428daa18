"""Which values may a credential field hold? Rules for adapters, each with its own sentence.

A rule takes a value and says what is wrong with it, "" for nothing. Sentences are English, with
what varies behind ": "; the admin has the Russian ones (channels.admin_fields).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

Rule = Callable[[str], str]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NOT_HTTPS = "must be an address that begins with https://"
NOT_PROXY = "must be an address such as http://user:password@proxy.example:3128"
NOT_PORT = "must be a number from 1 to 65535"
NOT_NUMBER = "must be a number"
NOT_WORD = "must be of Latin letters, digits, _ and - only"
NOT_EMAIL = "must be an e-mail address"
NOT_RATE = "must be a number of messages per second, or a number per seconds such as 20/60"
NOT_NETWORKS = "must be addresses or networks between commas, such as 203.0.113.7, 198.51.100.0/24"
NOT_JSON = "must be the JSON key file as the provider gave it, whole"
NOT_PEM = "must be the private key file as the provider gave it, with its BEGIN and END lines"
NOT_NAME = "must be the name in the link to the chat (in WhatsApp the number) and nothing else"
LACKS = "is a JSON file without these keys: "
ONE_OF = "must be one of: "
AGAIN = "must be filled in again when the account's address changes"

PROXY_SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+|[^@\s<>,;]+@localhost")
_NAME = re.compile(r"@?\+?[A-Za-z0-9_.-]{3,64}")
_RATE = re.compile(r"[1-9][0-9]{0,4}(/[1-9][0-9]{0,4})?")


def faults(credentials: Mapping[str, str], **rules: Rule) -> dict[str, str]:
    """Ask each field that is filled in by its rule: field -> what is wrong."""
    said = {name: rule(credentials[name]) for name, rule in rules.items() if credentials.get(name)}
    return {name: sentence for name, sentence in said.items() if sentence}


def is_port(value: str) -> str:
    """Take a TCP port."""
    return "" if value.isdecimal() and 0 < int(value) < 65536 else NOT_PORT


def is_number(value: str) -> str:
    """Take an id that is a number, however long."""
    return "" if value.isascii() and value.removeprefix("-").isdecimal() else NOT_NUMBER


def is_word(value: str) -> str:
    """Take what may stand in a header and in an address as it is."""
    return "" if re.fullmatch(r"[A-Za-z0-9_-]+", value) else NOT_WORD


def is_email(value: str) -> str:
    """Take one bare e-mail address."""
    return "" if _EMAIL.fullmatch(value) else NOT_EMAIL


def networks(value: str) -> tuple[Network, ...]:
    """Read addresses and networks that stand between commas; raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in value.split(","))


def are_networks(value: str) -> str:
    """Take "203.0.113.7, 198.51.100.0/24"."""
    try:
        networks(value)
    except ValueError:
        return NOT_NETWORKS
    return ""


def is_rate(value: str) -> str:
    """Take "30" (per second) or "20/60" (per 60 seconds)."""
    return "" if _RATE.fullmatch(value) else NOT_RATE


def is_name(value: str) -> str:
    """Take the name under which a chat is found: @rosa_bot, +79161234567."""
    return "" if _NAME.fullmatch(value) else NOT_NAME


def is_proxy(value: str) -> str:
    """Take a proxy's address, with a login or without."""
    parts = _split(value)
    return "" if parts is not None and parts[0] in PROXY_SCHEMES else NOT_PROXY


def is_address(value: str, *, may_be_plain: Callable[[str], bool] = lambda host: False) -> str:
    """Take an https address; http only to a literal private address, or where it may be plain.

    Whether a private address may be called at all decides the guard, at each call.
    """
    scheme, host = _split(value) or ("", "")
    if scheme == "http" and (_is_private(host) or may_be_plain(host)):
        return ""
    return "" if scheme == "https" else NOT_HTTPS


def is_one_of(*words: str) -> Rule:
    """Take one of a few words."""
    return partial(_one_of, words)


def is_json_key(*names: str) -> Rule:
    """Take a JSON object that holds these keys, as texts."""
    return partial(_json_key, names)


def is_pem_key(value: str) -> str:
    """Take a private key without a passphrase."""
    try:
        load_pem_private_key(value.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return NOT_PEM
    return ""


def _split(value: str) -> tuple[str, str] | None:
    """Give scheme and host of an address that can be called; None when it cannot."""
    if re.search(r"[\s\x00-\x1f\x7f#\\]", value):
        return None
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port  # a port that is no number raises
    except ValueError:
        return None
    return (parts.scheme, host) if host else None


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return not address.is_global


def _one_of(words: tuple[str, ...], value: str) -> str:
    return "" if value in words else ONE_OF + ", ".join(words)


def _json_key(names: tuple[str, ...], value: str) -> str:
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return NOT_JSON
    if not isinstance(parsed, dict):
        return NOT_JSON
    missing = [name for name in names if not isinstance(parsed.get(name), str) or not parsed[name]]
    return LACKS + ", ".join(missing) if missing else ""
