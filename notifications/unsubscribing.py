"""Who is behind a link to unsubscribe, and how does she end marketing to herself?

The link names the client, so whoever holds it may say no for her, and no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from notifications.links import read_token
from tenants import consents, rows
from tenants.consents import Word
from tenants.models import Purpose
from tenants.scope import tenant_scope

PURPOSE = "u"
ALL = ""  # channels: what is promised on the page

_READER = """
select s.id, coalesce(nullif(s.language, ''), t.language), t.name, t.brand
from tenants_subscriber s join tenants_tenant t on t.id = s.tenant_id
where s.tenant_id = %s and s.id = %s
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A client with her salon, as the page shows it. brand: name, color, logoUrl."""

    tenant_id: UUID
    id: UUID
    language: str
    brand: dict[str, str]
    is_out: bool


def reader_of(token: str) -> Reader | None:
    """Find who holds the link; None when it is not ours, or the client is forgotten."""
    named = read_token(PURPOSE, token)
    if named is None:
        return None
    tenant_id, subscriber_id = named
    with tenant_scope(tenant_id):
        found = rows.fetch(_READER, [tenant_id, subscriber_id])
        if not found:
            return None
        key, language, name, brand = found[0]
        is_out = bool(consents.withdrawn([(tenant_id, key, ALL)]))
    return Reader(tenant_id, key, language, {**brand, "name": name}, is_out)


def unsubscribe(reader: Reader) -> None:
    """End advertising on all channels; saying it again writes nothing."""
    with tenant_scope(reader.tenant_id), transaction.atomic():
        lock = "select 1 from tenants_subscriber where tenant_id = %s and id = %s for update"
        rows.fetch(lock, [reader.tenant_id, reader.id])
        if not consents.withdrawn([(reader.tenant_id, reader.id, ALL)]):
            word = Word(Purpose.ADVERTISING, given=False, source="unsubscribe_link", actor="client")
            consents.record(reader.tenant_id, [reader.id], word)
