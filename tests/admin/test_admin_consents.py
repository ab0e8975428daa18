"""The ledger on the screens: read by the salon's people, written by nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenants import consents
from tenants.audience import delete_subscriber
from tenants.consents import Word
from tenants.models import Consent
from tenants.scope import tenant_scope
from tests.admin.people import Salon, browser, make_salon

LIST = "/admin/tenants/consent/"


@pytest.fixture
def salon() -> Salon:
    """Anna said yes to a form, then STOP."""
    salon = make_salon()
    yes = Word("advertising", given=True, source="form", actor="t", text_version="2026-11")
    no = Word("advertising", given=False, source="stop_word", actor="client")
    with tenant_scope(salon.tenant.pk):
        for word in (yes, no):
            consents.record(salon.tenant.pk, [salon.client.pk], word)
    return salon


@pytest.mark.parametrize("role", ["owner", "receptionist", "analyst"])
def test_the_list_tells_who_decided_what_and_where(salon, role):
    page = browser(salon.people[role]).get(LIST).content.decode()

    for words in ("Анна", "Advertising", "withdrawn", "the client wrote STOP", "form"):
        assert words in page


def test_one_word_shows_its_proof_and_has_no_field(salon):
    with tenant_scope(salon.tenant.pk):
        first = Consent.objects.get(source="form")

    page = browser(salon.people["owner"]).get(f"{LIST}{first.pk}/change/").content.decode()

    assert "2026-11" in page
    assert 'name="given"' not in page


def test_the_words_of_a_deleted_client_stay_on_the_list(salon):
    with tenant_scope(salon.tenant.pk):
        delete_subscriber(salon.tenant.pk, "live", salon.client.subscriber_id)

    page = browser(salon.people["owner"]).get(LIST).content.decode()

    assert "deleted client" in page


def test_a_long_list_costs_no_query_per_row(salon, django_assert_max_num_queries):
    owner, ago = browser(salon.people["owner"]), datetime.now(UTC) - timedelta(days=1)
    owner.get(LIST)
    word = Word("advertising", given=True, source="form", actor="t", at=ago)
    with tenant_scope(salon.tenant.pk):
        for _ in range(20):
            consents.record(salon.tenant.pk, [salon.client.pk], word)

    with django_assert_max_num_queries(20):
        assert owner.get(LIST).status_code == 200
