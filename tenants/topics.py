"""How are subscribers gathered under a name that one trigger can address?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from tenants.auth import Mode
from tenants.errors import Forbidden, InvalidFields, NotFound
from tenants.ids import uuid7
from tenants.models import Subscriber, Topic, TopicMember
from tenants.rows import fetch, run


@dataclass(frozen=True, slots=True)
class Membership:
    """What an attempt to add or remove did. unknown: ids that no subscriber of the mode has."""

    topic: Topic
    members: list[TopicMember]
    unknown: list[str]


def find_topic(mode: Mode, key: str) -> Topic:
    """Find a topic in the open scope; raises NotFound, or Forbidden for one of the other mode."""
    both: dict[str, Topic] = {topic.mode: topic for topic in Topic.objects.filter(key=key)}
    if mode in both:
        return both[mode]
    if both:
        raise Forbidden(
            f"This topic exists in the other mode; a {mode} key sees {mode} topics only."
        )
    raise NotFound("There is no such topic.")


def ensure_topic(
    tenant_id: UUID, mode: Mode, key: object, name: object = None
) -> tuple[Topic, bool]:
    """Find or make a topic; a name that is given is written. Raises InvalidFields."""
    _check(key, name)
    made = fetch(
        "insert into tenants_topic (id, tenant_id, mode, key, name, created_at, updated_at)"
        " values (%s, %s, %s, %s, %s, now(), now())"
        " on conflict (tenant_id, mode, key) do nothing returning id",
        (uuid7(), tenant_id, mode, key, name or ""),
    )
    topic = find_topic(mode, str(key))
    if name and topic.name != name:
        rename_topic(topic, name)
    return topic, bool(made)


def rename_topic(topic: Topic, name: object) -> None:
    """Give a topic another name; raises InvalidFields."""
    _check(topic.key, name)
    topic.name = str(name or "")
    topic.save(update_fields=["name", "updated_at"])


def delete_topic(topic: Topic) -> None:
    """Delete a topic; its memberships go with it (the database cascades)."""
    run("delete from tenants_topic where tenant_id = %s and id = %s", (topic.tenant_id, topic.pk))


def add_members(topic: Topic, subscriber_ids: Sequence[str]) -> Membership:
    """Put subscribers on the list; who is on it already stays."""
    people = _people(topic, subscriber_ids)
    run(
        "insert into tenants_topicmember (id, tenant_id, topic_id, subscriber_id, created_at)"
        " select p.id, %s, %s, p.subscriber_id, now()"
        " from unnest(%s::uuid[], %s::uuid[]) as p(id, subscriber_id)"
        " on conflict (tenant_id, topic_id, subscriber_id) do nothing",
        (topic.tenant_id, topic.pk, [uuid7() for _ in people], sorted(people.values())),
    )
    return Membership(topic, _members(topic, people), _unknown(people, subscriber_ids))


def remove_members(topic: Topic, subscriber_ids: Sequence[str]) -> Membership:
    """Take subscribers off the list; the members in the answer are those who were on it."""
    people = _people(topic, subscriber_ids)
    members = _members(topic, people)
    run(
        "delete from tenants_topicmember where tenant_id = %s and id = any(%s)",
        (topic.tenant_id, sorted(member.pk for member in members)),
    )
    return Membership(topic, members, _unknown(people, subscriber_ids))


def _people(topic: Topic, subscriber_ids: Sequence[str]) -> dict[str, UUID]:
    return dict(
        Subscriber.objects.filter(
            tenant_id=topic.tenant_id, mode=topic.mode, subscriber_id__in=subscriber_ids
        ).values_list("subscriber_id", "id")
    )


def _members(topic: Topic, people: dict[str, UUID]) -> list[TopicMember]:
    return list(
        TopicMember.objects.filter(topic=topic, subscriber_id__in=people.values())
        .select_related("subscriber", "topic")
        .order_by("id")
    )


def _unknown(people: dict[str, UUID], subscriber_ids: Sequence[str]) -> list[str]:
    return [key for key in dict.fromkeys(subscriber_ids) if key not in people]


def _check(key: object, name: object) -> None:
    errors = {}
    if not isinstance(key, str) or not key.strip() or len(key) > 100:
        errors["key"] = ["key must be 1 to 100 characters"]
    if name is not None and (not isinstance(name, str) or len(name) > 200):
        errors["name"] = ["name must be text of at most 200 characters"]
    if errors:
        raise InvalidFields("The topic cannot be written.", errors=errors)
