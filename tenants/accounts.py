"""How does a salon come into being, and how do its keys come and go?"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from tenants.auth import Mode, digest
from tenants.errors import Conflict, InvalidFields, NotFound
from tenants.ids import uuid7
from tenants.models import ApiKey, Location, PlatformKey, Tenant, User
from tenants.scope import tenant_scope
from tenants.zones import timezones

ROTATE_AFTER = timedelta(days=90)
OVERLAP = timedelta(days=1)  # both keys work while the salon's software changes over

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
_LANGUAGES = ("ru", "en")


def create_tenant(
    slug: str,
    name: str,
    *,
    timezone: str = "Europe/Moscow",
    language: str = "ru",
    is_sandbox: bool = False,
    tenant_id: UUID | None = None,
) -> Tenant:
    """Make a salon with its main location.

    Raises InvalidFields naming what is wrong, Conflict when the identifier is taken.
    """
    _check_tenant(slug, name, timezone, language)
    tenant = Tenant(
        id=tenant_id or uuid7(),
        slug=slug,
        name=name,
        timezone=timezone,
        language=language,
        is_sandbox=is_sandbox,
    )
    place = Location(tenant=tenant, name_ru=name, name_en=name, identifier="main", is_default=True)
    try:
        with tenant_scope(tenant.id):
            tenant.save(force_insert=True)
            place.save(force_insert=True)
    except IntegrityError as taken:
        raise Conflict(f"The identifier '{slug}' is taken.") from taken
    return tenant


def issue_key(
    tenant_id: UUID,
    mode: Mode,
    name: str = "",
    scopes: Sequence[str] = (),
    *,
    by: User | None = None,
    now: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key of a salon; the text is given once, only its digest is kept.

    by: the person who sees it.
    """
    text = f"kk_{mode}_{secrets.token_hex(24)}"
    with tenant_scope(tenant_id):
        key = ApiKey.objects.create(
            tenant_id=tenant_id,
            mode=mode,
            name=name,
            scopes=list(scopes),
            prefix=text[:16],
            digest=digest(text),
            issued_by=by,
            rotate_after=_now(now) + ROTATE_AFTER,
        )
    return key, text


def issuer_of(key_id: UUID) -> User | None:
    """Tell who made a key, in its salon's scope; None for one made at a terminal."""
    key: ApiKey | None = ApiKey.objects.filter(pk=key_id).select_related("issued_by").first()
    return key.issued_by if key else None


def issue_platform_key(name: str, *, now: datetime | None = None) -> tuple[PlatformKey, str]:
    """Make a key of the platform's operator; the text is given once."""
    text = f"kk_platform_{secrets.token_hex(24)}"
    key = PlatformKey.objects.create(
        name=name, prefix=text[:16], digest=digest(text), rotate_after=_now(now) + ROTATE_AFTER
    )
    return key, text


def rotate_key(
    key_id: UUID,
    overlap: timedelta = OVERLAP,
    *,
    by: User | None = None,
    now: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a successor of the same name, mode and scopes; the old key works until overlap ends.

    by: the person who sees the new one; a terminal's hands it to whoever had the old one.

    Runs in the salon's scope. Raises NotFound for a key that is not there, Conflict for one that
    is over already.
    """
    moment = _now(now)
    with transaction.atomic():
        old = _locked(key_id)
        ends = moment + overlap
        if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= moment):
            raise Conflict("This API key is over: issue a new one.")
        if old.expires_at is None or old.expires_at > ends:
            ApiKey.objects.filter(pk=old.pk).update(expires_at=ends)
        mode: Mode = "test" if old.mode == "test" else "live"
        who = by or old.issued_by
        return issue_key(old.tenant_id, mode, old.name, old.scopes, by=who, now=moment)


def revoke_key(key_id: UUID, *, now: datetime | None = None) -> None:
    """End a key at once; runs in the salon's scope. Repeating changes nothing."""
    with transaction.atomic():
        _locked(key_id)
        ApiKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=_now(now))


def _locked(key_id: UUID) -> ApiKey:
    key: ApiKey | None = ApiKey.objects.select_for_update().filter(pk=key_id).first()
    if key is None:
        raise NotFound("There is no such API key.")
    return key


def _check_tenant(slug: str, name: str, timezone: str, language: str) -> None:
    rules = {
        "identifier": (
            _SLUG.fullmatch(slug) is not None,
            "identifier must be 1 to 64 of a-z, 0-9, - and _, with no sign at either end",
        ),
        "name": (0 < len(name.strip()) <= 200, "name must be 1 to 200 characters"),
        "timezone": (timezone in timezones(), "timezone must be an IANA name"),
        "language": (language in _LANGUAGES, "language must be ru or en"),
    }
    errors = {field: [rule] for field, (is_kept, rule) in rules.items() if not is_kept}
    if errors:
        raise InvalidFields("The salon cannot be made.", errors=errors)


def _now(now: datetime | None) -> datetime:
    return now or datetime.now(UTC)
