"""Read a trigger of the wire contract into a typed command, or say which field is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from notifications.models import QUEUES
from tenants.errors import InvalidFields
from tenants.people import Errors, SubscriberInput, read_id, read_subscriber

MOST_RECIPIENTS = 100
MOST_EVENTS = 100
FARTHEST = timedelta(days=366)  # a send scheduled later is a mistake in the caller's dates
_NO_KEY = (
    "is missing: clients are named by the salon's own key; words to an address alone go by"
    " /v1/notifications/send with channel and text"
)
_TRANSACTION = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class TopicInput:
    """Everybody on a topic but `exclude`."""

    key: str
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One trigger as the caller meant it. queue: None leaves it to the workflow."""

    name: str
    transaction_id: str
    payload: Mapping[str, Any]
    people: tuple[SubscriberInput, ...] = ()
    topics: tuple[TopicInput, ...] = ()
    is_broadcast: bool = False
    actor: SubscriberInput | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    queue: int | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    location: str = ""


def read_command(body: Mapping[str, Any], now: datetime, *, is_broadcast: bool = False) -> Command:
    """Read one trigger; raises InvalidFields with every wrong field."""
    errors: Errors = {}
    people, topics = ((), ()) if is_broadcast else _recipients(body, errors)
    command = Command(
        name=_text(body, "name", errors, required=True),
        transaction_id=_transaction(body, errors),
        payload=_mapping(body, "payload", errors),
        people=people,
        topics=topics,
        is_broadcast=is_broadcast,
        actor=_actor(body, errors),
        overrides=_mapping(body, "overrides", errors),
        queue=_queue(body, errors),
        due_at=_due(body, now, errors),
        expires_at=_moment(body, ("expiresAt", "expires_at"), errors),
        location=_text(body, "location", errors),
    )
    if command.expires_at is not None and command.expires_at <= now:
        errors["expiresAt"] = ["expiresAt is in the past"]
    if errors:
        raise InvalidFields(next(iter(errors.values()))[0] + ".", errors=errors)
    return command


def _text(body: Mapping[str, Any], name: str, errors: Errors, *, required: bool = False) -> str:
    value = body.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()) or len(value) > 255:
        errors[name] = [f"{name} must be a text of 1 to 255 characters"]
        return ""
    return value.strip()


def _mapping(body: Mapping[str, Any], name: str, errors: Errors) -> Mapping[str, Any]:
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        errors[name] = [f"{name} must be an object"]
        return {}
    return value


def _transaction(body: Mapping[str, Any], errors: Errors) -> str:
    value = body.get("transactionId")
    if value is None:
        return f"txn_{uuid4().hex}"
    if not isinstance(value, str) or not _TRANSACTION.fullmatch(value):
        errors["transactionId"] = ["transactionId must be 1 to 255 visible ASCII characters"]
        return ""
    return value


def _recipients(
    body: Mapping[str, Any], errors: Errors
) -> tuple[tuple[SubscriberInput, ...], tuple[TopicInput, ...]]:
    to = body.get("to")
    wanted = to if isinstance(to, list) else [to]
    if to is None or not wanted:
        errors["to"] = ["to should not be empty"]
        return (), ()
    if len(wanted) > MOST_RECIPIENTS:
        errors["to"] = [f"to may have at most {MOST_RECIPIENTS} recipients"]
        return (), ()
    people: list[SubscriberInput] = []
    topics: list[TopicInput] = []
    for index, one in enumerate(wanted):
        where = f"to.{index}" if isinstance(to, list) else "to"
        read = _recipient(one, where, errors)
        if isinstance(read, TopicInput):
            topics.append(read)
        elif read is not None:
            people.append(read)
    return tuple(people), tuple(topics)


def _recipient(one: Any, where: str, errors: Errors) -> SubscriberInput | TopicInput | None:
    if isinstance(one, dict) and one.get("type") == "Topic":
        return _topic(one, where, errors)
    if isinstance(one, dict):
        return _person(one, where, errors)
    if isinstance(one, str | int) and not isinstance(one, bool):
        return SubscriberInput(read_id(one, where, errors))
    errors[where] = [f"{where} must be a subscriber id, a subscriber or a topic"]
    return None


def _topic(one: Mapping[str, Any], where: str, errors: Errors) -> TopicInput | None:
    key, exclude = one.get("topicKey"), one.get("exclude") or []
    if not isinstance(key, str) or not key:
        errors[f"{where}.topicKey"] = ["topicKey must be a text"]
        return None
    if not isinstance(exclude, list) or not all(isinstance(x, str) for x in exclude):
        errors[f"{where}.exclude"] = ["exclude must be a list of subscriber ids"]
        return None
    return TopicInput(key, tuple(exclude))


def _person(one: Mapping[str, Any], where: str, errors: Errors) -> SubscriberInput | None:
    if "subscriberId" not in one:
        errors[f"{where}.subscriberId"] = [f"{where}.subscriberId {_NO_KEY}"]
        return None
    try:
        return read_subscriber(one, where)
    except InvalidFields as refused:
        errors.update(refused.errors)
        return None


def _actor(body: Mapping[str, Any], errors: Errors) -> SubscriberInput | None:
    actor = body.get("actor")
    if actor is None:
        return None
    read = _recipient(actor, "actor", errors)
    if isinstance(read, TopicInput):
        errors["actor"] = ["actor must be a subscriber"]
        return None
    return read


def _queue(body: Mapping[str, Any], errors: Errors) -> int | None:
    """Read overrides.priority: one of the four words, or 1 = high, 2-5 = normal, 6-10 = low."""
    overrides = body.get("overrides")
    value = overrides.get("priority") if isinstance(overrides, dict) else None
    if value is None:
        return None
    if isinstance(value, str) and value in QUEUES:
        return QUEUES.index(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 1 <= value <= 10 and value == int(value):
        word = "high" if value == 1 else "normal" if value <= 5 else "low"
        return QUEUES.index(word)
    errors["overrides.priority"] = [f"priority must be one of {', '.join(QUEUES)}, or 1 to 10"]
    return None


def _due(body: Mapping[str, Any], now: datetime, errors: Errors) -> datetime | None:
    at = _moment(body, ("scheduledAt", "scheduled_at"), errors)
    delay = body.get("delay")
    if delay is None:
        moment = at
    elif at is not None:
        errors["delay"] = ["give delay or scheduledAt, not both"]
        return None
    elif isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0:
        errors["delay"] = ["delay must be a number of seconds, zero or more"]
        return None
    else:
        moment = now + timedelta(seconds=min(float(delay), FARTHEST.total_seconds() * 2))
    if moment is not None and moment > now + FARTHEST:
        errors["scheduledAt" if delay is None else "delay"] = ["more than a year ahead"]
    return moment


def _moment(body: Mapping[str, Any], names: Sequence[str], errors: Errors) -> datetime | None:
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            errors[name] = [f"{name} must be an ISO 8601 date and time, such as 2026-11-22T10:00Z"]
            return None
        if moment.tzinfo is None:
            errors[name] = [f"{name} must carry its offset from UTC, such as +03:00 or Z"]
            return None
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            errors[name] = [f"{name} is out of range"]
    return None
