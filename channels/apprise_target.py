"""How does a message leave through Apprise, which brings its own sockets and tells little?

Only services with one host of their own are let through: no address of a tenant is ever called,
no redirect followed, no file attached, nothing repeated. Apprise is an optional package.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from channels.contract import Outbound, Receipt
from channels.errors import Ambiguous, BadCredentials, NotStarted, ProviderPaused, UnknownReply
from channels.faults import FAULTS
from channels.formatting import fit
from channels.guard import AddressGuard
from channels.provider_words import Refusal, error_for

if TYPE_CHECKING:
    from apprise import Apprise, AppriseResult

#: Services whose host stands in Apprise's code (2.2.0, read 2026-11).
SCHEMAS = frozenset(
    {
        "dingtalk",
        "discord",
        "feishu",
        "flock",
        "gchat",
        "groupme",
        "guilded",
        "ifttt",
        "join",
        "lark",
        "line",
        "opsgenie",
        "pbul",
        "pover",
        "prowl",
        "psafer",
        "pushed",
        "pushy",
        "slack",
        "spush",
        "tgram",
        "webex",
        "wecombot",
        "wxteams",
    }
)
NOT_INSTALLED = "the package apprise is not installed: pip install 'kolokol[apprise]'"
NOT_ALLOWED = "must be an Apprise URL of one of these services: " + ", ".join(sorted(SCHEMAS))
NOT_READ = "is not a URL that Apprise can read"
READ_S, CONNECT_S = 10.0, 5.0
LONGEST_S = 25.0  # both, its pause before a call (5.5 s at most), and a little
#: All that Apprise leaves of a provider's answer, in its own log.
STATUS = re.compile(r"\berror=(\d{3})\b")

# Its lines may name devices and rooms; the result of a call holds them for us.
logging.getLogger("apprise").addHandler(logging.NullHandler())
logging.getLogger("apprise").propagate = False


@dataclass(frozen=True, slots=True)
class AppriseTarget:
    """One service and its secrets, as one URL. host: for the log, the service only."""

    url: str = field(repr=False)
    method: ClassVar[str] = "APPRISE"

    @classmethod
    def of(cls, credentials: Mapping[str, str]) -> AppriseTarget:
        """Read the field of channels.adapters.apprise; raises BadCredentials, ProviderPaused."""
        url = credentials["target"]
        if schema_of(url) not in SCHEMAS:
            raise BadCredentials(f"target {NOT_ALLOWED}")
        if not is_installed():
            raise ProviderPaused(NOT_INSTALLED)
        return cls(url)

    @property
    def host(self) -> str:
        return schema_of(self.url)

    def open(self, guard: AddressGuard) -> AppriseConnection:
        """Make what carries the messages; the guard is not asked, as the hosts are known."""
        return AppriseConnection(self.url)


class AppriseConnection:
    """One service, ready to send. Belongs to one thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._service: Apprise | None = None

    def send(self, outbound: Outbound, lease_end: float) -> Receipt:
        """Send one message; raises the DeliveryError that little is known of."""
        if lease_end - time.monotonic() < LONGEST_S:
            raise NotStarted("the lease ends too soon")
        text = fit(outbound.content, "plain").text
        try:
            service = self._service = self._service or _opened(self._url)
            result = service.notify(body=text, body_format="text")
        except FAULTS as error:
            raise UnknownReply(f"{type(error).__name__} in apprise") from error
        return _receipt(result)

    def close(self) -> None:
        self._service = None


def is_installed() -> bool:
    """Ask whether the optional package is there."""
    return importlib.util.find_spec("apprise") is not None


def schema_of(url: str) -> str:
    """Read the service's word."""
    return url.partition("://")[0].strip().lower()


def target_fault(url: str) -> str:
    """Say what is wrong with a target, "" for nothing."""
    if "://" not in url or schema_of(url) not in SCHEMAS:
        return NOT_ALLOWED
    if is_installed() and _plugin(url) is None:
        return NOT_READ
    return ""


def _opened(url: str) -> Apprise:
    from apprise import Apprise  # optional package

    plugin = _plugin(url)
    if plugin is None:
        raise BadCredentials(f"target {NOT_READ}")
    service = Apprise(asset=plugin.asset)
    service.add(plugin)
    return service


def _plugin(url: str) -> Any:  # Apprise has no types of its own for plugins
    from apprise import Apprise, AppriseAsset  # optional package

    asset = AppriseAsset(async_mode=False, http_redirects=False, storage_mode="memory")
    plugin = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if getattr(plugin, "template", None):
        return (
            None  # it would send what stands in a file of the server, or behind an address inside
        )
    if plugin is not None:  # whatever the URL's own parameters say
        plugin.redirects, plugin.verify_certificate, plugin.retry = False, True, 0
        plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_S, READ_S
    return plugin


def _receipt(result: AppriseResult) -> Receipt:
    from apprise.result import AppriseResultStatus as Status  # optional package

    if result.status == Status.SUCCESS:
        return Receipt(provider_id="", raw=json.dumps({"status": "SUCCESS"}))
    if result.status == Status.TIMEOUT:
        raise Ambiguous("apprise stopped waiting")
    attempts = [attempt for one in result.results for attempt in one.attempts]
    lines = [entry.message for attempt in attempts for entry in attempt.logs]
    statuses = [int(found[1]) for line in lines if (found := STATUS.search(line))]
    if statuses:
        raise error_for(Refusal(statuses[-1]), (), now=time.time())
    raise UnknownReply("apprise failed and does not tell why")
