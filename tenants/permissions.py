"""What may each role see and do in the admin? One table; the screens ask nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from tenants.middleware import Salon, salons_of
from tenants.models import Tenant, User
from tenants.scope import current, platform_scope

READ = frozenset({"view"})
EDIT = READ | {"add", "change"}
ALL = EDIT | {"delete"}
MOST_SALONS = 200  # in the switcher; more are found by their list
PLATFORM = "platform"  # staff of the platform; inside a salon they may what its owner may, and more

#: role -> area -> verbs. An area that is not named is not shown.
TABLE: Mapping[str, Mapping[str, frozenset[str]]] = {
    PLATFORM: {
        "salon": EDIT,
        "members": ALL,
        "keys": ALL,
        "integrations": ALL,
        "clients": ALL,
        "templates": ALL,
        "workflows": ALL,
        "log": READ,
        "cases": EDIT,
        "platform": ALL,
    },
    "owner": {
        "salon": EDIT,
        "members": ALL,
        "keys": ALL,
        "integrations": ALL,
        "clients": ALL,
        "templates": ALL,
        "workflows": ALL,
        "log": READ,
        "cases": EDIT,
    },
    "marketer": {"templates": ALL, "workflows": ALL, "clients": ALL},
    "receptionist": {"clients": EDIT, "log": READ, "cases": EDIT},
    "analyst": {
        "salon": READ,
        "integrations": READ,
        "clients": READ,
        "templates": READ,
        "workflows": READ,
        "log": READ,
        "cases": READ,
    },
    "developer": {
        "keys": ALL,
        "integrations": ALL,
        "workflows": ALL,
        "templates": READ,
        "log": READ,
    },
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Who the visitor is now. role "": nobody here. tenant_id None: all salons, to read."""

    role: str = ""
    tenant_id: UUID | None = None

    def may(self, verb: str, area: str) -> bool:
        """Ask the table; without a salon there is nothing to write to."""
        if self.tenant_id is None and verb != "view":
            return False
        return verb in TABLE.get(self.role, {}).get(area, frozenset())


def standing(request: HttpRequest) -> Standing:
    """Tell who the visitor is in the salon that MemberScope has opened."""
    user = request.user
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        return Standing()
    salon: Salon | None = getattr(request, "salon", None)
    if user.is_superuser:
        return Standing(PLATFORM, salon.id if salon else None)
    return Standing(salon.role, salon.id) if salon else Standing()


def salons_for(request: HttpRequest) -> list[Salon]:
    """List the salons that the visitor may choose: a member's own; all, for platform staff."""
    user = request.user
    if not isinstance(user, User) or not user.is_staff:
        return []
    return _all_salons() if user.is_superuser else salons_of(user.pk)


def _all_salons() -> list[Salon]:
    scope = current()
    if scope is None or scope.kind == "tenant":
        with platform_scope("platform staff choose among all salons"):
            return _read_salons()
    return _read_salons()


def _read_salons() -> list[Salon]:
    salons = Tenant.objects.order_by("name").values_list("pk", "slug", "name")[:MOST_SALONS]
    return [Salon(pk, slug, name, PLATFORM) for pk, slug, name in salons]
