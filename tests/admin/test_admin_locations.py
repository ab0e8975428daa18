"""The screen of a location: opening hours that messages wait for."""

from __future__ import annotations

import pytest

from tenants.models import Location
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon


@pytest.fixture(scope="module")
def salon(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield make_salon()


def save_hours(salon, hours: str) -> tuple[str, dict]:
    """Change the main location's hours as its owner; give the page and what is kept."""
    with tenant_scope(salon.tenant.id):
        place = Location.objects.get()
    form = {"name_ru": "Роза", "identifier": "main", "is_default": "on", "hours": hours}
    page = browser(salon.people["owner"]).post(
        f"/admin/tenants/location/{place.pk}/change/", form, follow=True
    )
    with tenant_scope(salon.tenant.id):
        return page.content.decode(), Location.objects.get().hours


def test_hours_are_kept_as_they_are_read(salon):
    _, kept = save_hours(salon, '{"mon": [["10:00", "14:00"], ["15:00", "24:00"]]}')

    assert kept == {"mon": [["10:00", "14:00"], ["15:00", "24:00"]]}


@pytest.mark.parametrize(
    ("hours", "day"),
    [
        ('{"mon": "9-18"}', "mon"),
        ('{"tue": [["9", "18:00"]]}', "tue"),
        ('{"monday": [["09:00", "18:00"]]}', "monday"),
        ('["09:00"]', "09:00"),
    ],
)
def test_hours_that_nobody_could_read_are_refused_by_the_day(salon, hours, day):
    before = save_hours(salon, "{}")[1]

    page, kept = save_hours(salon, hours)

    assert day in page
    assert "cannot be read" in page
    assert kept == before


def test_a_zone_that_is_none_is_refused_for_a_place_and_for_a_client(salon):
    """One such word stopped all that the salon sends."""
    with tenant_scope(salon.tenant.id):
        place = Location.objects.get()
    forms = {
        f"location/{place.pk}": {"name_ru": "Роза", "identifier": "main", "is_default": "on"},
        f"subscriber/{salon.client.pk}": {"subscriber_id": salon.client.subscriber_id},
    }

    for path, form in forms.items():
        page = browser(salon.people["owner"]).post(
            f"/admin/tenants/{path}/change/", form | {"timezone": "Москва"}, follow=True
        )
        assert "Unknown time zone: Москва." in page.content.decode()
