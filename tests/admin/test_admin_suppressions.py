"""The list of addresses that are never written to: kept by people, with reasons."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tenants.models import Address, Suppression
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon

ADD, LIST = "admin:tenants_suppression_add", "admin:tenants_suppression_changelist"
LINE = {"kind": "phone", "value": "8 (916) 123-45-67", "note": "просила не писать"}


@pytest.fixture
def salon():
    return make_salon()


def told(salon) -> list[tuple[str, str]]:
    with tenant_scope(salon.tenant.id):
        return list(Address.objects.values_list("state", "reason"))


def test_a_colleague_bans_an_address_and_lifts_it_with_a_reason(salon):
    bob = browser(salon.people["receptionist"])

    assert "Add it when somebody asks" in bob.get(reverse(LIST)).content.decode()
    assert bob.post(reverse(ADD), LINE).status_code == 302
    assert told(salon) == [("suppressed", "listed")]
    with tenant_scope(salon.tenant.id):
        row = Suppression.objects.get()
    page = reverse("admin:tenants_suppression_change", args=[row.pk])
    assert bob.post(page, {"lift": "1"}).context["adminform"].form.errors.keys() == {"why_lifted"}
    assert bob.post(page, {"why_lifted": "передумала", "lift": "1"}).status_code == 302

    assert told(salon) == [("active", "")]
    with tenant_scope(salon.tenant.id):
        row.refresh_from_db()
    by = f"staff:{salon.people['receptionist'].pk}"
    assert (row.added_by, row.note, row.lifted_by, row.lift_note) == (
        *(by, "просила не писать"),
        *(by, "передумала"),
    )


def test_a_ban_is_asked_for_a_reason_a_real_address_and_only_once(salon):
    alice = browser(salon.people["owner"])
    alice.post(reverse(ADD), LINE)

    def faults(**changes):
        return set(alice.post(reverse(ADD), LINE | changes).context["adminform"].form.errors)

    assert faults(value="12") == {"value"}
    assert faults(note="", value="+79160000000") == {"note"}
    assert faults(value="+7 916 123 45 67") == {"value"}


def test_the_list_masks_addresses_finds_them_whole_and_names_people(salon):
    alice = browser(salon.people["owner"])
    alice.post(reverse(ADD), LINE)

    found = alice.get(reverse(LIST), {"q": "8 916 123-45-67"}).content.decode()
    missed = alice.get(reverse(LIST), {"q": "8 916 123-45-68"}).content.decode()

    assert "+7…4567" in found
    assert "+79161234567" not in found
    assert salon.people["owner"].username in found
    assert "+7…4567" not in missed


def test_an_analyst_reads_the_list_masked_and_changes_nothing(salon):
    browser(salon.people["owner"]).post(reverse(ADD), LINE)
    with tenant_scope(salon.tenant.id):
        page = reverse("admin:tenants_suppression_change", args=[Suppression.objects.get().pk])
    yana = browser(salon.people["analyst"])

    assert "+79161234567" not in yana.get(page).content.decode()
    assert yana.post(page, {"why_lifted": "x", "lift": "1"}).status_code == 403
    assert yana.get(reverse(ADD)).status_code == 403
