"""The life of a delivery, from lease to verdict.

1. The database names the endpoints of all salons that have something due (ids only).
2. Those that answer quickly get a few slots each; those that fail, are slow or unknown get one,
   and never all slots together: nobody waits for somebody else's endpoint.
3. In the scope of its salon a line is leased: its attempt is counted before it leaves, so that
   one which kills its worker is given up, too.
4. The call is signed and carried; no transaction is open. Redirects are not followed and private
   addresses refused (channels.transport, channels.guard).
5. The verdict is written where the lease still holds. What a killed worker did not write down is
   sent again when its lease has ended: at least once, always under the same webhook-id.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from channels.errors import DeliveryError, Permanent
from channels.request import HttpRequest, HttpResponse
from channels.transport import Transport
from notifications.metrics import WEBHOOKS
from notifications.models import WebhookEndpoint
from notifications.sql import webhooks as sql
from notifications.webhooks.endpoints import switch_off, valid_secrets
from notifications.webhooks.signing import signed_headers
from notifications.webhooks.verdicts import MOST_ATTEMPTS, Verdict, judge
from tenants import rows
from tenants.ids import uuid7
from tenants.scope import platform_scope, tenant_scope

log = logging.getLogger(__name__)

SLOTS = 40
UNPROVEN_SLOTS = 30  # the rest is for endpoints that answer quickly
TENANT_SLOTS = 16  # a salon with many endpoints leaves room for others
QUICK_ROOM = 8  # calls at once to an endpoint that answers quickly
QUICK_S = 2.0
TIMEOUT_S = 15.0
LEASE_S = 30.0  # a call, its margin, and time to write down what came of it
LOOK_S = 0.2  # between two looks while calls are under way
FAILS_FOR = timedelta(days=3)  # then the next delivery that is given up switches the endpoint off

Due = tuple[UUID, UUID, bool]  # tenant, endpoint, is it failing


@dataclass(frozen=True, slots=True)
class Flight:
    """A delivery that is under way. started_at: monotonic. is_known_fine: nothing to mend."""

    id: UUID
    tenant_id: UUID
    endpoint_id: UUID
    lease: UUID
    attempts: int
    started_at: float
    is_known_fine: bool


Landed = tuple[Flight, HttpResponse | DeliveryError]


@dataclass(slots=True)
class Sender:
    """Sends what is due over one transport; belongs to one thread."""

    transport: Transport
    should_stop: Callable[[], bool] = lambda: False
    on_lap: Callable[[], None] = lambda: None
    flying: dict[int, Flight] = field(default_factory=dict)
    quick: set[UUID] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    next_key: int = 0

    def run(self) -> Counter[str]:
        """Send until nothing is due or somebody wants us to stop; then land what is under way."""
        while True:
            self.on_lap()
            if not self.should_stop():
                self._launch()
            if not self.flying:
                return self.counts
            polled = self.transport.poll(LOOK_S)
            self._land([(self.flying.pop(key), result) for key, result in polled])

    def _launch(self) -> None:
        with platform_scope("endpoints of all salons that have something due, by id"):
            due: list[Due] = [(row[0], row[1], row[2]) for row in rows.fetch(sql.DUE)]
        random.shuffle(due)  # no salon is always the first
        # who answers quickly goes first: the others may fill what is left, up to their share
        due.sort(key=lambda one: not self._is_quick(one))
        for one in due:
            if (room := self._room(one)) > 0:
                self._land(self._start(one, room))

    def _is_quick(self, due: Due) -> bool:
        return due[1] in self.quick and not due[2]

    def _room(self, due: Due) -> int:
        """Say how many calls may start at this endpoint now; 0 or less for none."""
        flights = self.flying.values()
        under_way = sum(flight.endpoint_id == due[1] for flight in flights)
        of_tenant = sum(flight.tenant_id == due[0] for flight in flights)
        room = min(self.transport.free, TENANT_SLOTS - of_tenant)
        if self._is_quick(due):  # a few at a time: one by one costs a transaction each
            mine = QUICK_ROOM - under_way
            return min(room, mine) if mine >= QUICK_ROOM // 2 else 0
        unproven = sum(flight.endpoint_id not in self.quick for flight in flights)
        return min(room, 1 - under_way, UNPROVEN_SLOTS - unproven)

    def _start(self, due: Due, room: int) -> list[Landed]:
        """Lease what is due at an endpoint and let it leave; give what cannot."""
        tenant_id, endpoint_id, _ = due
        leased_at, lease = time.monotonic(), uuid7()
        with tenant_scope(tenant_id):
            endpoint = WebhookEndpoint.objects.filter(
                tenant_id=tenant_id, pk=endpoint_id, is_enabled=True
            ).first()
            if endpoint is None:
                return []
            arguments = {
                "tenant": tenant_id,
                "endpoint": endpoint_id,
                "room": room,
                "lease": lease,
                "lease_s": LEASE_S,
            }
            taken = rows.fetch(sql.LEASE, arguments)
        is_fine = endpoint.failing_since is None and endpoint.not_before is None
        refused: list[Landed] = []
        for key, event_id, body, attempts in taken:
            now = time.monotonic()
            flight = Flight(key, tenant_id, endpoint_id, lease, attempts, now, is_fine)
            request = _request(endpoint, str(event_id), body, attempts)
            if isinstance(request, DeliveryError):
                refused.append((flight, request))
            else:
                self._submit(flight, request, leased_at + LEASE_S)
        return refused

    def _submit(self, flight: Flight, request: HttpRequest, lease_end: float) -> None:
        self.next_key += 1
        self.flying[self.next_key] = flight
        self.transport.submit(self.next_key, request, lease_end)

    def _land(self, landed: Sequence[Landed]) -> None:
        """Write down what came of calls, a transaction for each salon."""
        now = datetime.now(UTC)
        of_tenant: defaultdict[UUID, list[tuple[Flight, Verdict]]] = defaultdict(list)
        for flight, result in landed:
            verdict = judge(result, flight.attempts, now, random.random())  # noqa: S311 (jitter)
            of_tenant[flight.tenant_id].append((flight, verdict))
            is_quick = verdict.is_fine and time.monotonic() - flight.started_at < QUICK_S
            (self.quick.add if is_quick else self.quick.discard)(flight.endpoint_id)
        for tenant_id, verdicts in of_tenant.items():
            with tenant_scope(tenant_id):
                for flight, verdict in verdicts:
                    self.counts[verdict.state] += settle(flight, verdict, now)
                    WEBHOOKS.labels(verdict.state).inc()


def _request(
    endpoint: WebhookEndpoint, event_id: str, body: str, attempts: int
) -> HttpRequest | DeliveryError:
    """Write the signed call of one attempt, or say why there is none."""
    if attempts > MOST_ATTEMPTS:
        return Permanent("given up: its attempts were interrupted")
    now = datetime.now(UTC)
    try:
        headers = signed_headers(valid_secrets(endpoint, now), event_id, body, now)
    except ImproperlyConfigured:
        log.error("a webhook's secret cannot be read", extra={"webhook": str(endpoint.pk)})
        return Permanent("its secret cannot be read")
    return HttpRequest(
        method="POST",
        url=endpoint.url,
        headers={"Content-Type": "application/json", "User-Agent": "Kolokol", **headers},
        body=body.encode(),
        timeout_s=TIMEOUT_S,
    )


def settle(flight: Flight, verdict: Verdict, now: datetime) -> int:
    """Write a verdict where the lease still holds; call inside the tenant's scope."""
    written = rows.run(
        sql.SETTLE,
        {
            "tenant": flight.tenant_id,
            "id": flight.id,
            "lease": flight.lease,
            "state": verdict.state,
            "due": verdict.due_at,
            "status": verdict.status,
            "answer": verdict.answer,
            "unused": verdict.unused,
        },
    )
    if verdict.is_fine is False or (verdict.is_fine and not flight.is_known_fine):
        _note_health(flight, verdict, now)
    return written


def _note_health(flight: Flight, verdict: Verdict, now: datetime) -> None:
    rows.run(
        sql.HEALTH,
        {
            "tenant": flight.tenant_id,
            "endpoint": flight.endpoint_id,
            "ok": bool(verdict.is_fine),
            "now": now,
            "until": verdict.until,
        },
    )
    if verdict.is_gone:
        switch_off(flight.tenant_id, flight.endpoint_id, WebhookEndpoint.Off.GONE)
    elif verdict.state == "failed" and _fails_for_days(flight, now):
        switch_off(flight.tenant_id, flight.endpoint_id, WebhookEndpoint.Off.FAILING)


def _fails_for_days(flight: Flight, now: datetime) -> bool:
    return bool(
        WebhookEndpoint.objects.filter(
            tenant_id=flight.tenant_id,
            pk=flight.endpoint_id,
            failing_since__lte=now - FAILS_FOR,
        ).exists()
    )
