"""The route of a subscriber's consents: what holds now, what was said, and to add a word."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants import audience, consents
from tenants.answers import data
from tenants.api import examples
from tenants.api.subscribers import READ, WRITE
from tenants.auth import require_scope
from tenants.bodies import iso, present
from tenants.ids import created_at
from tenants.models import AddressKind, Consent, Purpose, Subscriber
from tenants.queries import body

_BODY = inline_serializer(
    "ConsentBody",
    {
        "purpose": serializers.ChoiceField(Purpose.values),
        "given": serializers.BooleanField(),
        "channel": serializers.ChoiceField(AddressKind.values, required=False),
        "textVersion": serializers.CharField(required=False, max_length=64),
        "source": serializers.CharField(required=False, max_length=32),
        "evidence": serializers.CharField(required=False, max_length=200),
        "at": serializers.DateTimeField(required=False),
    },
)
_STANDS = {"purpose": "advertising", "given": True, "at": "2026-11-21T09:00:00.000Z"}
_SHOWN = {
    "standing": [_STANDS],
    "entries": [
        {
            "_id": "0190…",
            **_STANDS,
            "textVersion": "2026-11",
            "source": "form",
            "actor": "key:0190…",
            "evidence": "form:4711",
            "recordedAt": "2026-11-21T09:00:00.000Z",
        }
    ],
}


class ConsentsView(APIView):
    """/v1/subscribers/{subscriberId}/consents."""

    @extend_schema(operation_id="consents_list", responses=examples.answers(200, {"data": _SHOWN}))
    def get(self, request: Request, subscriber_id: str) -> Response:
        """Show what holds now and the last 100 words of the ledger; no channel means all."""
        who = require_scope(request, READ)
        return data(_shown(audience.find_subscriber(who.mode, subscriber_id)))

    @extend_schema(
        operation_id="consents_record",
        request=_BODY,
        responses=examples.answers(201, {"data": _SHOWN}),
    )
    def post(self, request: Request, subscriber_id: str) -> Response:
        """Add a yes or a no to the ledger; nothing in it is ever changed."""
        who = require_scope(request, WRITE)
        word = consents.read_word(body(request), source="api", actor=f"key:{who.key_id}")
        subscriber = audience.find_subscriber(who.mode, subscriber_id)
        consents.record(who.tenant_id, [subscriber.pk], word)
        return data(_shown(subscriber), 201)


def _shown(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "standing": [
            present(
                {
                    "purpose": one.purpose,
                    "channel": one.channel,
                    "given": one.given,
                    "at": iso(one.at),
                }
            )
            for one in consents.standing(subscriber)
        ],
        "entries": [entry(row) for row in consents.ledger(subscriber)[: consents.SHOWN]],
    }


def entry(row: Consent) -> dict[str, Any]:
    """Write one row of the ledger for a reader outside."""
    return present(
        {
            "_id": str(row.pk),
            "purpose": row.purpose,
            "channel": row.channel,
            "given": row.given,
            "at": iso(row.at),
            "textVersion": row.text_version,
            "source": row.source,
            "actor": row.actor,
            "evidence": row.evidence,
            "recordedAt": iso(created_at(row.pk)),
        }
    )
