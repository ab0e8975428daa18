"""Who opened a letter, or followed a link in it? What the address says is told as a report is.

A guard of a mail server opens all links the moment a letter arrives; what comes so fast was no
person, so it is noted and moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from channels.told import StatusEvent
from notifications.callbacks import keep_told
from notifications.links import read_token
from tenants import rows
from tenants.ids import created_at
from tenants.scope import tenant_scope

PURPOSE = "t"
NO_PERSON = timedelta(seconds=2)  # after a letter arrived, or left when nothing tells

_LETTER = """
select m.integration_id, m.extra -> 'links', (
  select l.id from notifications_logentry l
  where l.notification_id = m.notification_id and l.tenant_id = m.tenant_id
    and l.message_id = m.id and l.status in ('sent', 'delivered') order by l.id desc limit 1)
from notifications_message m where m.tenant_id = %s and m.id = %s
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that is followed. arrived: when we last heard so."""

    tenant_id: UUID
    message_id: UUID
    integration_id: UUID
    links: tuple[str, ...]
    arrived: datetime


def letter_of(token: str) -> Letter | None:
    """Find the letter; None when the token is not ours, or the letter is kept no more."""
    named = read_token(PURPOSE, token)
    if named is None:
        return None
    tenant_id, message_id = named
    with tenant_scope(tenant_id):
        found = rows.fetch(_LETTER, [tenant_id, message_id])
    if not found or found[0][0] is None:
        return None
    integration_id, links, line = found[0]
    arrived = created_at(line or message_id)
    return Letter(tenant_id, message_id, integration_id, tuple(links or ()), arrived)


def opened(letter: Letter) -> None:
    """Note that the letter was opened, once. Call outside any transaction."""
    _tell(letter, "opened", "")


def clicked(letter: Letter, number: int) -> None:
    """Note that a link was followed, each once. Call outside any transaction."""
    _tell(letter, "clicked", f":{number}")


def _tell(letter: Letter, what: str, which: str) -> None:
    now = datetime.now(UTC)
    is_machine = now - letter.arrived < NO_PERSON
    reason = f"machine_{what}" if is_machine else what
    event = StatusEvent(
        key=f"{reason}:{letter.message_id}{which}",
        state="" if is_machine else "read",
        message_id=str(letter.message_id),
        reason=reason,
    )
    keep_told(letter.tenant_id, letter.integration_id, [event], now)
