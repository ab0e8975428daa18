"""What a salon's rules keep out of a channel goes by the next one, or is skipped with a reason."""

from __future__ import annotations

import pytest

from channels.models import ChannelRule
from tenants.scope import tenant_scope

ANNA = {"subscriberId": "anna", "phone": "+79161234567"}
INSTAGRAM = {"providerId": "instagram", "credentials": {"userId": "1784140"}}


@pytest.fixture
def salon_with_news(reminders):
    reminders.promo("news", "instagram", "sms")
    return reminders


def rule(reminders, target, *, may_tx=True, may_mk=True):
    with tenant_scope(reminders.salon.pk):
        ChannelRule.objects.create(
            tenant=reminders.salon, target=target, may_tx=may_tx, may_mk=may_mk
        )


def kinds(provider):
    return [(body["kind"], body["category"]) for body in provider.bodies]


def with_instagram(**more):
    return {"subscriberId": "anna", "channels": [INSTAGRAM], **more}


def test_marketing_does_not_go_to_instagram_but_by_the_next_channel(
    salon_with_news, worker, provider
):
    salon_with_news.trigger("news", with_instagram(phone="+79161234567"), {})

    worker.drain_dry()

    assert kinds(provider) == [("sms", "mk")]


def test_marketing_that_could_only_go_to_instagram_is_skipped_with_the_reason(
    salon_with_news, worker, provider
):
    salon_with_news.trigger("news", with_instagram(), {})

    worker.drain_dry()

    assert provider.bodies == []
    assert salon_with_news.states == [("skipped", "policy_forbids")]


def test_a_salon_may_allow_it(salon_with_news, worker, provider):
    rule(salon_with_news, "instagram")
    salon_with_news.trigger("news", with_instagram(), {})

    worker.drain_dry()

    assert kinds(provider) == [("chat", "mk")]


def test_a_rule_for_a_place_binds_every_provider_there(reminders, worker, provider):
    reminders.workflow("note", ("sms", {"channels": ["sms"]}))
    rule(reminders, "domestic", may_tx=False)  # the provider of these tests is one at home
    reminders.trigger("note", ANNA, {})

    worker.drain_dry()

    assert provider.bodies == []
    assert reminders.states == [("skipped", "policy_forbids")]
