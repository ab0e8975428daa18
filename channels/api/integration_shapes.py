"""How does an account look on the wire? INTEG of the wire contract, with our own words beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, inline_serializer
from rest_framework import serializers

from channels.credentials import fields_of
from channels.domain_words import sentence
from channels.models import Integration
from channels.registering import status
from channels.registry import ADAPTERS
from channels.secrets import decrypt
from channels.sending_domain import Finding
from tenants.bodies import iso, present

Json = dict[str, Any]

DOMAIN: Json = {
    "domain": "salon.example",
    "checks": [
        {
            "name": "dmarc",
            "state": "missing",
            "found": "",
            "message": {"ru": "Нет записи DMARC…", "en": "There is no DMARC record…"},
            "record": {
                "type": "TXT",
                "name": "_dmarc.salon.example",
                "value": "v=DMARC1; p=none; rua=mailto:postmaster@salon.example",
            },
        }
    ],
}

#: Novu's name of a provider -> ours, where they differ.
PROVIDERS: Mapping[str, str] = {
    "nodemailer": "smtp",
    "whatsapp-business": "whatsapp_cloud",
    "generic-sms": "generic_http",
}
#: Field of a body -> its longest text.
LONGEST: Mapping[str, int] = {"providerId": 32, "identifier": 64, "name": 100, "channel": 10}

_CHANGES: dict[str, Any] = {
    "name": serializers.CharField(required=False, max_length=LONGEST["name"]),
    "credentials": serializers.DictField(
        required=False, child=serializers.CharField(allow_blank=True, allow_null=True)
    ),
    "active": serializers.BooleanField(required=False),
    "position": serializers.IntegerField(required=False, min_value=0, max_value=32_767),
}
CHANGE = inline_serializer("IntegrationChange", _CHANGES)
NEW = inline_serializer(
    "IntegrationBody",
    {
        "providerId": serializers.CharField(max_length=LONGEST["providerId"]),
        "channel": serializers.CharField(required=False, max_length=LONGEST["channel"]),
        "identifier": serializers.SlugField(required=False, max_length=LONGEST["identifier"]),
        **_CHANGES,
    },
)
EXAMPLE: Json = {
    "_id": "0190…",
    "_environmentId": "0190…-live",
    "_organizationId": "0190…",
    "name": "Bot",
    "identifier": "bot",
    "providerId": "telegram",
    "channel": "chat",
    "active": True,
    "deleted": False,
    "primary": True,
    "position": 0,
    "state": "active",
    "credentials": {},
    "callbacks": {"state": "connected", "connectedAt": "2026-11-21T09:01:00.000Z"},
    "createdAt": "2026-11-21T09:00:00.000Z",
}


def check(finding: Finding) -> Json:
    """Show what is known of one protection of a sender's domain."""
    record = finding.record
    return {
        "name": finding.name,
        "state": finding.state,
        "found": finding.found,
        "message": {language: sentence(finding, language) for language in ("ru", "en")},
        "record": {"type": "TXT", "name": record.name, "value": record.value} if record else None,
    }


def integration(row: Integration, mode: str, is_primary: bool) -> Json:
    """INTEG: open fields of the credentials only, the secret ones are nowhere."""
    return {
        "_id": str(row.pk),
        "_environmentId": f"{row.tenant_id}-{mode}",
        "_organizationId": str(row.tenant_id),
        "name": row.name,
        "identifier": row.identifier,
        "providerId": row.provider,
        "channel": row.kind,
        "active": row.state == Integration.State.ACTIVE,
        "deleted": False,
        "primary": is_primary,
        "position": row.position,
        "state": row.state,
        "credentials": _open(row),
        "createdAt": iso(row.created_at),
    } | present({"reason": row.state_reason})


def callbacks(row: Integration) -> Json:
    """Say whether the provider knows our address; `state` as in channels.registering."""
    known = status(row)
    at = row.connected_at
    shown = {"state": known.state}
    return shown | present({"reason": known.reason, "connectedAt": iso(at) if at else None})


def answers(status: int, example: object) -> dict[int, Any]:
    """Describe a route's success by an example."""
    shown = [OpenApiExample("answer", value={"data": example})]
    return {status: OpenApiResponse(OpenApiTypes.OBJECT, examples=shown)}


def _open(row: Integration) -> Json:
    if row.provider not in ADAPTERS:
        return {}
    values = decrypt(row.credentials)
    fields = fields_of(ADAPTERS[row.provider])
    return present({name: values.get(name) for name, secret in fields.items() if not secret})
