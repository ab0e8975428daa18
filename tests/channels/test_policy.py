"""Which category may go where: the defaults, a salon's own rules over them, senders' names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels.adapters.smtp import SmtpAdapter
from channels.adapters.telegram import TelegramAdapter
from channels.adapters.webhook import WebhookAdapter
from channels.integrations import integrations_of
from channels.kinds import CHANNEL_OF_ADDRESS
from channels.models import ChannelRule, SenderName
from channels.policy import allowed, forbidden, policy_of
from channels.registry import ADAPTERS
from channels.sender_names import sender_for
from tenants.scope import batch_scope, tenant_scope
from tests.channels.salons import new_salon, version_of
from tests.channels.test_integrations import add_hook
from tests.for_each import for_each


@for_each(
    "rules, adapter, kind, may",
    [
        ([], TelegramAdapter, "telegram", {"tx", "mk"}),
        ([], WebhookAdapter, "instagram", {"tx"}),
        ([("instagram", True, True)], WebhookAdapter, "instagram", {"tx", "mk"}),
        ([("foreign", True, False)], TelegramAdapter, "telegram", {"tx"}),
        ([("foreign", True, False)], SmtpAdapter, "email", {"tx", "mk"}),
        ([("domestic", False, False)], SmtpAdapter, "email", set()),
        ([("foreign", True, False), ("telegram", True, True)], TelegramAdapter, "telegram", {"tx"}),
        ([("telegram", False, True)], TelegramAdapter, "telegram", {"mk"}),
        ([("push", True, False)], WebhookAdapter, "push", {"tx"}),
    ],
)
def test_place_and_channel_must_both_allow(rules, adapter, kind, may):
    policy = policy_of(rules)

    assert {word for word in ("tx", "mk") if allowed(policy, adapter, kind, word)} == may
    assert {(kind, word) for word in {"tx", "mk"} - may} <= forbidden(policy, adapter)


def test_every_kind_of_address_can_carry_service_messages_by_default():
    policy = policy_of([])

    assert all(allowed(policy, WebhookAdapter, kind, "tx") for kind in CHANNEL_OF_ADDRESS)


@pytest.mark.parametrize(
    ("number", "sender"),
    [("+79161234567", "MTS-ROSA"), ("+79261234567", "ROSA"), ("+4915112345678", "ROSA-DE")],
)
def test_the_longest_beginning_of_a_number_names_the_sender(number, sender):
    names = (("+7916", "MTS-ROSA"), ("+7", "ROSA"), ("", "ROSA-DE"))

    assert sender_for(names, number) == sender
    assert sender_for(names[:2], "+4915112345678") == ""


def test_only_registered_names_are_used():
    salon = new_salon()
    row = add_hook(salon)
    with tenant_scope(salon.pk):
        for prefix, sender, state in (
            ("", "ROSA", "registered"),
            ("+7", "ROSA-RU", "registered"),
            ("+7916", "MTS-ROSA", "requested"),
        ):
            SenderName.objects.create(
                tenant=salon, integration=row, prefix=prefix, sender=sender, state=state
            )

    account = account_of(salon)

    assert account.sender_for("+79161234567") == "ROSA-RU"
    assert account.sender_for("+33612345678") == "ROSA"


def test_a_new_rule_reaches_the_accounts_at_once():
    salon = new_salon()
    add_hook(salon)
    assert account_of(salon).may_carry("phone", "mk")

    with tenant_scope(salon.pk):
        ChannelRule.objects.create(tenant=salon, target="phone", may_mk=False)

    assert not account_of(salon).may_carry("phone", "mk")
    assert account_of(salon).may_carry("phone", "tx")


def account_of(salon):
    version = version_of(salon)
    with batch_scope([salon.pk]):
        return integrations_of(salon.pk, version)[0]


def test_the_reference_has_a_section_for_every_provider():
    page = (Path(__file__).parents[2] / "docs/reference/providers.md").read_text()
    heads = re.findall(r"^## (.+)$", page, re.M)

    assert ADAPTERS.keys() <= {name for head in heads for name in head.split(", ")}


@pytest.mark.parametrize("place", ["domestic", "foreign"])
def test_the_reference_names_each_providers_place(place):
    page = (Path(__file__).parents[2] / "docs/reference/providers.md").read_text()
    line = next(line for line in page.splitlines() if line.startswith(f"| {place} |"))

    named = set(re.findall(r"`(\w+)`", line))

    assert named == {name for name, one in ADAPTERS.items() if one.place == place} - {"sandbox"}
