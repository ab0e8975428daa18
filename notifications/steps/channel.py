"""A channel step: choose where, ask the gates, render, hand one message to the gateway.

1. Plan, once for all who are alike: rules that need no database (staff and marketing, quiet hours),
   route (the client's preferred channel, then the step's order; the first usable address), text.
2. The client's own text.
3. Reservations: the client's limits for the whole batch, then the salons' days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from channels.contract import Outbound
from channels.integrations import Account
from channels.kinds import CHANNEL_OF_ADDRESS
from notifications.links import client_links
from notifications.loading import Work
from notifications.masking import mask
from notifications.outcomes import Fail, MessageRow, Result, Skip, Wait
from notifications.rendering import RenderError
from notifications.steps.approved import approved_template
from notifications.steps.fallback import GIVES_WAY, has_way
from notifications.steps.plan import Plan, Plans
from notifications.steps.reserving import reserve
from notifications.steps.route import Route
from notifications.steps.send import Send
from notifications.steps.text import Rendered, follow, published

PUSH_KINDS = frozenset({"push", "fcm", "apns", "web_push"})
#: What a trigger's `overrides.push` may say -> its name in Outbound.extra.
PUSH_WORDS = {"badge": "badge", "data": "data", "collapseKey": "collapse_key"}


def prepare(
    works: Sequence[Work], accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result | Send]:
    """Decide each message of the batch; call inside the scope and transaction of prepare."""
    plans = Plans(published(list(works)), now)
    decided: list[Result | Send] = []
    routed: list[tuple[Work, Send]] = []
    for work in works:
        outcome = compose(work, accounts.get(work.task.tenant_id, ()), plans, now)
        if isinstance(outcome, Send):
            routed.append((work, outcome))
        else:
            decided.append(Result(work.task, outcome))
    return decided + reserve(routed, now)


def compose(
    work: Work, accounts: Sequence[Account], plans: Plans, now: datetime
) -> Send | Skip | Wait | Fail:
    """Write one message, or say why not; reserves nothing."""
    plan = plans.of(work, accounts)
    if not isinstance(plan, Plan):
        return _instead(work, plan, accounts, now)
    route = plan.route(work.person)
    try:
        rendered = plan.words.render(work, now)
        template = approved_template(work, route.account, rendered.language, now)
    except RenderError as error:
        return Fail("render_failed", detail=str(error))
    extra = _extra(work, route)
    if template:
        extra["whatsapp_template"] = template
    return _send(work, route, rendered, extra, now)


def _instead(
    work: Work, held: Skip | Wait | Fail, accounts: Sequence[Account], now: datetime
) -> Skip | Wait | Fail:
    """Leave a transactional message to its fallback where a channel cannot carry it now."""
    is_urgent = isinstance(held, Wait) and work.definition.category == "tx"
    if is_urgent and held.reason in GIVES_WAY and has_way(work, accounts, now):
        return Skip(held.reason)
    return held


def _send(
    work: Work, route: Route, rendered: Rendered, extra: Mapping[str, Any], now: datetime
) -> Send:
    task = work.task
    # An interrupted tx message goes out under the same id: the provider may know it already.
    message_id = task.sending_id
    if route.address.kind == "email" and work.salon.follows(work.definition.category):
        spared = extra.get("unsubscribe_url", "")
        rendered = follow(rendered, work.salon.id, message_id, spared=spared)
    content = rendered.content
    expires = work.task.expires_at
    outbound = Outbound(
        message_id=str(message_id),
        kind=CHANNEL_OF_ADDRESS.get(route.address.kind, "webhook"),
        address=route.address.value,
        content=content,
        language=rendered.language,
        category=work.definition.category,
        ttl_s=max(1, int((expires - now).total_seconds())) if expires else None,
        extra=extra,
    )
    message = MessageRow(
        id=message_id,
        channel=route.address.kind,
        provider=route.account.provider,
        state="sent",
        language=rendered.language,
        title=content.title,
        body=content.body,
        integration_id=route.account.id,
        template_version_id=rendered.version_id,
        address=mask(route.address.kind, route.address.value),
        extra=_kept(rendered),
    )
    address = route.address
    return Send(task, route.account, outbound, message, address.id, route.detour, address.sharers)


def _extra(work: Work, route: Route) -> dict[str, Any]:
    extra: dict[str, Any] = {"address_kind": route.address.kind, "subscriber": work.person.id}
    if route.address.kind == "url":
        extra["metadata"] = _event_of(work)
    if route.address.window_until is not None:
        extra["window_until"] = route.address.window_until.isoformat()
    if route.address.kind == "phone" and (sender := route.account.sender_for(route.address.value)):
        extra["sender"] = sender
    may_leave = work.definition.category == "mk" or work.salon.unsubscribe_always
    if route.address.kind == "email" and work.definition.category == "mk":
        extra["feedback_id"] = f"{work.definition.identifier}:{work.salon.slug}:mk:kolokol"
    if route.address.kind == "email" and may_leave:
        links = client_links(work.salon.id, work.person.id)
        extra["unsubscribe_url"] = links["unsubscribeUrl"]
    if route.address.kind in PUSH_KINDS and work.event.overrides:
        extra |= _push_extra(work.event.overrides, route.account.provider)
    return extra


def _event_of(work: Work) -> dict[str, Any]:
    """Say to the salon's own server what happened, beside the text, if there is one."""
    return {
        "workflow": work.definition.identifier,
        "transactionId": work.event.transaction_id,
        "payload": {**work.definition.defaults, **work.event.payload},
    }


def _push_extra(overrides: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """Read what the trigger said about pushes; about this very provider it wins."""
    providers = overrides.get("providers")
    own = providers.get(provider) if isinstance(providers, Mapping) else None
    merged: dict[str, Any] = {}
    for part in (overrides.get("push"), overrides.get(provider), own):
        merged |= part if isinstance(part, Mapping) else {}
    return {name: merged[word] for word, name in PUSH_WORDS.items() if word in merged}


def _kept(rendered: Rendered) -> dict[str, object] | None:
    content = rendered.content
    kept: dict[str, object] = {"links": rendered.links} if rendered.links else {}
    if content.buttons or content.image_url:
        kept |= {"buttons": [asdict(b) for b in content.buttons], "image_url": content.image_url}
    return kept or None
