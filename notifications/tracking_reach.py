"""Which earlier messages does a report "read up to here" speak of?

Some messengers tell only how far the client has read. Then all that this account had sent to her
address before counts as read, within the last weeks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from channels.told import StatusEvent
from notifications.callbacks import Received
from notifications.sql import tracking as sql
from notifications.tracking_places import named
from tenants import rows
from tenants.ids import created_at, floor_id

UP_TO = "up_to"
SINCE = timedelta(days=30)
MOST = 100  # notifications of one client: nobody leaves more of them unread and then reads on
OVERTAKEN = 2  # looks after which a named message is none of ours: it would be written by now

Pair = tuple[UUID, UUID]  # a message and its notification


def earlier(
    tenant_id: UUID,
    received: Sequence[Received[StatusEvent]],
    messages: Mapping[UUID, UUID],
    now: datetime | None = None,
) -> dict[UUID, list[Pair]]:
    """Find the messages that such reports reach, newest first, by the callback's id.

    messages: what the reports name, by the callback's id, where it was found.
    """
    reaching = [one for one in received if one.event.reach == UP_TO]
    places = named(tenant_id, reaching) if reaching else {}
    asked = [(one, place) for one in reaching for place in places.get(one.id, ())]
    if not asked:
        return {}
    arguments = {
        "tenant": tenant_id,
        "ids": [one.id for one, _ in asked],
        "integrations": [one.integration_id for one, _ in asked],
        "kinds": [place.kind for _, place in asked],
        "values": [place.value for _, place in asked],
        "masks": [place.masked for _, place in asked],
        "modes": [place.mode for _, place in asked],
        "since": floor_id((now or datetime.now(UTC)) - SINCE),
        "most": MOST,
    }
    reports = {one.id: one for one in reaching}
    found: defaultdict[UUID, list[Pair]] = defaultdict(list)
    for key, message, notification, provider_id in rows.fetch(sql.EARLIER, arguments):
        if _is_within(reports[key], messages.get(key), message, provider_id):
            found[key].append((message, notification))
    return dict(found)


def _is_within(
    report: Received[StatusEvent], limit: UUID | None, message: UUID, provider_id: str
) -> bool:
    """Compare with the message that is named: by our ids, by the provider's numbers, by time."""
    event = report.event
    if limit is not None:
        return message <= limit
    if event.provider_id.isdecimal() and provider_id.isdecimal():
        return int(provider_id) <= int(event.provider_id)
    is_named = bool(event.message_id or event.provider_id)
    if is_named and report.attempt < OVERTAKEN:
        return False
    return created_at(message) <= created_at(report.id)
