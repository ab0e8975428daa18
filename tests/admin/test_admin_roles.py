"""What each role may see and do: one table, asked through real pages."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.functional import empty

from tenants.models import Member, Tenant
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon, make_staff

SCREENS = {
    "salon": "tenants_location",
    "members": "tenants_member",
    "keys": "tenants_apikey",
    "integrations": "channels_integration",
    "clients": "tenants_subscriber",
    "templates": "notifications_messagetemplate",
    "workflows": "notifications_workflow",
    "log": "notifications_notification",
    "cases": "notifications_escalation",
    "platform": "tenants_user",
}
# role -> areas to add to, areas where nothing is added (who works on cases: test_admin_cases);
# everything else is forbidden
TABLE = {
    "owner": (
        "salon members keys integrations clients templates workflows",
        "log cases",
    ),
    "marketer": ("templates workflows clients", ""),
    "receptionist": ("clients", "log cases"),
    "analyst": ("", "salon integrations clients templates workflows log cases"),
    "developer": ("keys integrations workflows", "templates log"),
}
CASES = [
    (role, area, "write" if area in write else "read" if area in read else "")
    for role, (write, read) in ((r, (w.split(), x.split())) for r, (w, x) in TABLE.items())
    for area in SCREENS
]


@pytest.fixture(scope="module")
def salon(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield make_salon()


@pytest.mark.parametrize(("role", "area", "right"), CASES)
def test_a_role_sees_and_writes_what_the_table_says(salon, role, area, right):
    visitor = browser(salon.people[role])
    name = SCREENS[area]

    seen = visitor.get(reverse(f"admin:{name}_changelist")).status_code
    written = visitor.get(reverse(f"admin:{name}_add")).status_code

    assert seen == (200 if right else 403)
    assert written == (200 if right == "write" else 403)


@pytest.mark.parametrize("role", TABLE)
def test_the_menu_shows_exactly_the_pages_that_open(salon, role):
    visitor = browser(salon.people[role])

    groups = visitor.get("/admin/").context["sidebar_navigation"]

    links = [item["link"] for group in groups for item in group["items"]]
    assert links
    assert {visitor.get(link).status_code for link in links} == {200}
    areas = {item["area"] for group in groups for item in group["items"]}
    assert areas == {area for r, area, right in CASES if r == role and right}


def test_only_a_page_that_shows_the_list_of_models_asks_for_it(salon):
    shown = browser(salon.people["owner"]).get(reverse("admin:tenants_subscriber_changelist"))

    listed = shown.context["available_apps"]
    assert listed._wrapped is empty
    assert {"tenants", "notifications"} <= {app["app_label"] for app in listed}


def test_an_analyst_sees_no_whole_address(salon):
    page = reverse("admin:tenants_subscriber_change", args=[salon.client.pk])

    shown = browser(salon.people["analyst"]).get(page).content.decode()

    assert "+7…4567" in shown
    assert "+79161234567" not in shown


def test_a_list_of_clients_masks_addresses_for_everybody(salon):
    shown = browser(salon.people["owner"]).get(reverse("admin:tenants_subscriber_changelist"))

    assert "+7…4567" in shown.content.decode()
    assert "+79161234567" not in shown.content.decode()


def test_an_owner_cannot_lift_the_platforms_limits(salon):
    page = reverse("admin:tenants_tenant_change", args=[salon.tenant.pk])
    form = {
        "name": "Новое имя",
        "language": "ru",
        "timezone": "Europe/Samara",
        "brand": "{}",
        "followed_letters": "mk",
        "limits": '{"tx_per_day": 1000000}',
        "limit_tx_per_day": "1000000",
        "is_sandbox": "on",
    }

    assert browser(salon.people["owner"]).post(page, form).status_code == 302

    with tenant_scope(salon.tenant.id):
        tenant = Tenant.objects.get()
    assert (tenant.name, tenant.limits, tenant.is_sandbox) == ("Новое имя", {}, False)


def test_the_last_owner_cannot_leave(salon):
    with tenant_scope(salon.tenant.id):
        owner = Member.objects.get(role="owner")
    alice = browser(salon.people["owner"])
    url = reverse("admin:tenants_member_change", args=[owner.pk])

    assert alice.post(url, {"role": "analyst"}).status_code == 200
    assert alice.post(url.replace("change", "delete"), {"post": "yes"}).status_code == 403
    with tenant_scope(salon.tenant.id):
        assert Member.objects.get(pk=owner.pk).role == "owner"


def test_staff_set_limits_and_a_bad_one_is_told_at_its_field(salon):
    page = reverse("admin:tenants_tenant_change", args=[salon.tenant.pk])
    form = {
        "name": "Роза",
        "language": "ru",
        "timezone": "Europe/Moscow",
        "state": "active",
        "followed_letters": "mk",
        "brand_color": "#b4436c",
        "limit_tx_per_day": "5000",
    }
    staff = browser(make_staff(), salon=str(salon.tenant.id))

    refused = staff.post(page, form | {"limit_quiet": "night", "limit_mk_per_day": "-3"})
    saved = staff.post(page, form | {"limit_quiet": "22:00 - 8:30"})

    assert set(refused.context["adminform"].form.errors) == {"limit_quiet", "limit_mk_per_day"}
    assert saved.status_code == 302
    with tenant_scope(salon.tenant.id):
        tenant = Tenant.objects.get()
    assert tenant.limits == {"tx_per_day": 5000, "quiet": ["22:00", "08:30"]}
    assert tenant.brand == {"color": "#b4436c"}
