"""Cases on the screen: a receptionist takes, answers and closes them; an analyst only looks."""

from __future__ import annotations

import pytest
from django.urls import reverse

from notifications.escalation import client_wrote
from notifications.models import Escalation, EscalationLine
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon

WORDS = "Можно перенести на пятницу?"


@pytest.fixture(scope="module")
def salon(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield make_salon()


@pytest.fixture
def case(salon):
    with tenant_scope(salon.tenant.pk):
        Escalation.objects.exclude(state="closed").update(state="closed")
        key = client_wrote(salon.tenant.pk, salon.client.pk, WORDS)
        return Escalation.objects.get(pk=key)


def press(salon, case, button, *, role="receptionist", **fields):
    page = reverse("admin:notifications_escalation_change", args=[case.pk])
    form = {f"notifications_escalation_{button}": "1", **fields}
    return browser(salon.people[role]).post(page, form, follow=True)


def now(salon, case):
    with tenant_scope(salon.tenant.pk):
        case.refresh_from_db()
        kinds = EscalationLine.objects.filter(escalation=case).order_by("pk")
        return case.state, list(kinds.values_list("kind", "text"))


def test_the_page_tells_who_needs_what(salon, case):
    page = reverse("admin:notifications_escalation_change", args=[case.pk])

    shown = browser(salon.people["receptionist"]).get(page).content.decode()

    assert WORDS in shown
    assert "Анна" in shown
    assert "Send the answer" in shown


def test_a_receptionist_takes_answers_and_closes(salon, case):
    press(salon, case, "take_case")
    assert now(salon, case)[0] == "taken"

    press(salon, case, "send_answer", answer="Да, в 15:00")
    assert now(salon, case)[0] == "answered"

    press(salon, case, "close_case")
    state, lines = now(salon, case)
    assert state == "closed"
    assert lines == [("wrote", WORDS), ("taken", ""), ("answered", "Да, в 15:00"), ("closed", "")]
    assert case.closed_by == salon.people["receptionist"].get_username()


def test_an_empty_answer_and_a_colleagues_case_are_refused_in_words(salon, case):
    press(salon, case, "take_case", role="owner")

    refused = press(salon, case, "take_case").content.decode()
    empty = press(salon, case, "send_answer").content.decode()

    assert "a colleague has taken it" in refused
    assert "Write the answer first" in empty
    assert now(salon, case)[0] == "taken"


@pytest.mark.parametrize(("role", "status"), [("analyst", 403), ("marketer", 403)])
def test_others_change_nothing(salon, case, role, status):
    answer = press(salon, case, "close_case", role=role)

    assert answer.status_code == status
    assert now(salon, case)[0] == "open"


def test_several_are_closed_from_the_list(salon, case):
    page = reverse("admin:notifications_escalation_changelist")
    chosen = {"action": "close_cases", "_selected_action": [str(case.pk)]}

    browser(salon.people["owner"]).post(page, chosen)

    assert now(salon, case)[0] == "closed"
