"""Nobody learns by asking what the screens do not show: lists answer only what they offer."""

from __future__ import annotations

import pytest
from django.urls import reverse

from channels.integrations import ensure_phone
from tests.admin.people import browser, make_salon


@pytest.fixture(scope="module")
def salon():
    one = make_salon()
    ensure_phone(one.tenant.id)
    return one


def ask(salon, role: str, model: str, **question):
    client = browser(salon.people[role])
    client.raise_request_exception = False
    return client.get(reverse(f"admin:{model}_changelist"), question)


@pytest.mark.parametrize(
    ("model", "column"),
    [
        ("channels_integration", "callback_token__startswith"),
        ("channels_integration", "credentials__regex"),
        ("tenants_subscriber", "addresses__value__startswith"),
        ("tenants_subscriber", "first_name__regex"),
        ("notifications_event", "payload__icontains"),
        ("notifications_notification", "subscriber__tenant__name"),
    ],
)
def test_a_column_that_no_filter_is_about_is_not_asked(salon, model, column):
    answer = ask(salon, "analyst", model, **{column: ""})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("model", "question"),
    [
        ("channels_integration", {"state__exact": "active"}),
        ("notifications_notification", {"made": "day", "state__in": "completed"}),
        ("tenants_suppression", {"holds": "yes"}),
    ],
)
def test_what_a_filter_is_about_is_answered(salon, model, question):
    assert ask(salon, "analyst", model, **question).status_code == 200


def test_masked_addresses_are_not_found_digit_by_digit(salon):
    name = salon.client.first_name

    for role, is_found in (("analyst", False), ("receptionist", True)):
        page = ask(salon, role, "tenants_subscriber", q="+7916").content.decode()
        assert (name in page) is is_found


def test_nul_in_an_address_is_a_bad_request(salon):
    assert ask(salon, "owner", "tenants_subscriber", mode="\0").status_code == 400
    assert ask(salon, "owner", "tenants_subscriber", q="\0").status_code == 400
