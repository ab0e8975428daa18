"""Which packs of workflows may a salon add, and what of them does it have already?"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from notifications.models import Workflow
from notifications.packs import Pack, offered
from notifications.seeding import seed
from tenants.errors import NotFound


@dataclass(frozen=True, slots=True)
class Offer:
    """A pack and the salon's copies of it: identifier -> version of the pack it came from."""

    pack: Pack
    copies: dict[str, int]

    @property
    def missing(self) -> list[str]:
        """Name the workflows that adding the pack would bring."""
        names = [workflow.identifier for workflow in self.pack.workflows]
        return [name for name in names if name not in self.copies]


def offers(tenant_id: UUID) -> list[Offer]:
    """Give every pack on offer; call inside the tenant's scope."""
    found: dict[str, dict[str, int]] = {}
    copies = Workflow.objects.filter(tenant_id=tenant_id, pack_version__isnull=False)
    for pack, identifier, version in copies.values_list("pack", "identifier", "pack_version"):
        found.setdefault(pack, {})[identifier] = version
    return [Offer(pack, found.get(pack.name, {})) for pack in offered()]


def add(tenant_id: UUID, name: str) -> int:
    """Copy what the salon lacks of a pack; return how many workflows. Raises NotFound."""
    if name not in [pack.name for pack in offered()]:
        raise NotFound(f"There is no pack {name!r}.")
    return seed(tenant_id, name)
