"""The route that makes links by which a client's own messengers are tied to her."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels.accounts import Account, integrations_of
from channels.adapters.sandbox import SandboxAdapter
from channels.api.integration_shapes import answers
from channels.deep_links import FORMS, NAME, deep_link
from channels.models import Integration
from channels.phone import CHATS
from tenants import links
from tenants.answers import data
from tenants.audience import find_subscriber
from tenants.auth import Caller, require_scope
from tenants.bodies import iso
from tenants.errors import InvalidFields
from tenants.models import Tenant
from tenants.queries import body
from tenants.scope import batch_scope

Json = dict[str, Any]
#: The database knows a link's digest only; a kept answer to an Idempotency-Key would hold the link.
UNKEPT = {"Cache-Control": "no-store"}
_BODY = inline_serializer(
    "LinksBody",
    {"channels": serializers.ListField(child=serializers.ChoiceField(CHATS), required=False)},
)
_EXAMPLE = {
    "links": [
        {
            "channel": "telegram",
            "url": "https://t.me/rosa_bot?start=…",
            "expiresAt": "2026-11-28T09:00:00.000Z",
        }
    ],
    "missing": [{"channel": "vk", "integration": "vk", "field": f"credentials.{NAME}"}],
}


class LinksView(APIView):
    """/v1/subscribers/{subscriberId}/links."""

    @extend_schema(
        operation_id="subscriber_links_create", request=_BODY, responses=answers(201, _EXAMPLE)
    )
    def post(self, request: Request, subscriber_id: str) -> Response:
        """Make a link per messenger of the salon, each good once and for a week.

        The client opens it, and her chat is hers from then on. `missing` names accounts whose
        links cannot be written before their public_name is filled in.
        """
        who = require_scope(request, "subscribers:write")
        wanted = _channels(body(request))
        subscriber = find_subscriber(who.mode, subscriber_id)
        named, missing = _accounts(who, wanted)
        now = datetime.now(UTC)
        tokens = links.issue(who.tenant_id, subscriber.pk, named, now)
        until = iso(now + links.GOOD_FOR)
        shown = [
            {"channel": channel, "url": _url(named[channel], channel, token), "expiresAt": until}
            for channel, token in tokens.items()
        ]
        return data({"links": shown, "missing": missing}, 201, UNKEPT)


#: A provider and what its link is written with.
_Account = tuple[str, Mapping[str, str]]


def _accounts(who: Caller, wanted: list[str]) -> tuple[dict[str, _Account], list[Json]]:
    """Choose the first account of each channel that has a name; tell of those that lack it.

    The salon's own come before those that the platform lends it, whose names it cannot fill in.
    """
    if _plays_on_phone(who):
        return {channel: (SandboxAdapter.provider, {}) for channel in wanted}, []
    named: dict[str, _Account] = {}
    lacking: dict[str, Json] = {}
    for account in _usable(who):
        channel, credentials = account.adapter.address_kinds[0], account.adapter.credentials
        if channel not in wanted or channel in named:
            continue
        if credentials.get(NAME):
            named[channel] = account.provider, credentials
        elif not account.is_default:
            field = f"credentials.{NAME}"
            about = {"channel": channel, "integration": account.identifier, "field": field}
            lacking.setdefault(channel, about)
    return named, [one for channel, one in lacking.items() if channel not in named]


def _usable(who: Caller) -> list[Account]:
    with batch_scope([who.tenant_id]):  # the platform's accounts are read by workers only
        found = integrations_of(who.tenant_id, who.config_version)
    is_off = Integration.State.DISABLED
    return [one for one in found if one.provider in FORMS and one.state != is_off]


def _plays_on_phone(who: Caller) -> bool:
    return who.mode == "test" or Tenant.objects.get(pk=who.tenant_id).is_sandbox


def _url(account: _Account, channel: str, token: str) -> str:
    if account[0] == SandboxAdapter.provider:
        return f"{settings.PUBLIC_URL}/phone/?tab={channel}&start={token}"
    return deep_link(*account, token)


def _channels(given: Mapping[str, Any]) -> list[str]:
    wanted = given.get("channels")
    if wanted is None:
        return list(CHATS)
    if isinstance(wanted, list) and all(one in CHATS for one in wanted):
        return list(dict.fromkeys(wanted))
    rule = f"channels must be a list of {', '.join(CHATS)}"
    raise InvalidFields(f"{rule}.", errors={"channels": [rule]})
