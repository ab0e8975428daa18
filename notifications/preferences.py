"""What does a client want to hear of, and where? One function to write it, one to tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from notifications.gates import CHANNELS, Wish, unwanted
from notifications.models import Preference
from tenants.models import Subscriber


@dataclass(frozen=True, slots=True)
class Choice:
    """Yes or no to channels. workflow None, category "": of all messages.

    channels: channel -> wanted; "" is all of them, and takes back what was said of single ones.
    """

    channels: Mapping[str, bool]
    workflow: UUID | None = None
    category: str = ""


def choose(person: Subscriber, choices: Sequence[Choice]) -> None:
    """Write down what a client wants; call inside the salon's scope."""
    with transaction.atomic():
        for choice in choices:
            _write(person, choice)


def _write(person: Subscriber, choice: Choice) -> None:
    place = {"subscriber": person, "workflow_id": choice.workflow, "category": choice.category}
    if "" in choice.channels:
        Preference.objects.filter(tenant_id=person.tenant_id, **place).delete()
    Preference.objects.bulk_create(
        [
            Preference(tenant_id=person.tenant_id, **place, channel=channel, is_on=is_on)
            for channel, is_on in sorted(choice.channels.items())
        ],
        update_conflicts=True,
        update_fields=["is_on"],
        unique_fields=["tenant", "subscriber", "workflow", "category", "channel"],
    )


def wishes_of(person: Subscriber) -> list[Wish]:
    """Read what a client has said; call inside the salon's scope."""
    rows = Preference.objects.filter(tenant_id=person.tenant_id, subscriber=person)
    return list(rows.values_list("workflow_id", "category", "channel", "is_on"))


def standing(wishes: Sequence[Wish], workflow: UUID | None, category: str) -> dict[str, bool]:
    """Tell for each channel whether such messages are wanted there."""
    off = unwanted(wishes, workflow, category)
    return {channel: channel not in off for channel in sorted(CHANNELS)}
