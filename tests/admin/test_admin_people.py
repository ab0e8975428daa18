"""Logging in, adding colleagues, switching salons, keys, and the platform's own pages."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tenants.auth import digest
from tenants.ids import uuid7
from tenants.members import join
from tenants.models import Address, ApiKey, Subscriber
from tenants.scope import tenant_scope
from tests.admin.people import PASSWORD, browser, make_salon, make_staff


@pytest.fixture
def salon():
    return make_salon()


@pytest.mark.parametrize("role", ["owner", "receptionist"])
def test_a_member_logs_in_by_password(salon, role):
    client = Client()
    login = {"username": salon.people[role].username, "password": PASSWORD, "next": "/admin/"}

    answer = client.post("/admin/login/", login)

    assert answer.headers["location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_an_owner_adds_a_colleague_who_can_log_in(salon):
    login = f"new-{uuid7().hex[-10:]}"
    form = {"login": login, "name": "Вера", "email": "", "password": PASSWORD, "role": "analyst"}

    answer = browser(salon.people["owner"]).post(reverse("admin:tenants_member_add"), form)

    assert answer.status_code == 302
    assert Client().login(username=login, password=PASSWORD)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("login", {"login": "TAKEN"}),
        ("password", {"password": "12345678"}),
        ("role", {"role": "x"}),
    ],
)
def test_a_colleague_who_cannot_be_added_is_refused_beside_the_field(salon, field, changed):
    form = {"login": uuid7().hex[:20], "password": PASSWORD, "role": "analyst"} | changed
    if form["login"] == "TAKEN":
        form["login"] = salon.people["marketer"].username

    answer = browser(salon.people["owner"]).post(reverse("admin:tenants_member_add"), form)

    assert list(answer.context["adminform"].form.errors) == [field]


def test_a_member_of_two_salons_switches_between_them(salon):
    other = make_salon("Ромашка")
    vera = salon.people["marketer"]
    join(other.tenant.id, vera, "owner")
    client = browser(vera)

    client.post(reverse("switch_salon", args=[other.tenant.slug]))

    shown = client.get(reverse("admin:tenants_subscriber_changelist"))
    assert [row.pk for row in shown.context["cl"].result_list] == [other.client.pk]
    assert "Ромашка" in client.get("/admin/").content.decode()
    assert client.get(reverse("admin:tenants_apikey_changelist")).status_code == 200  # owner here


def test_a_key_is_shown_once_and_kept_as_a_digest(salon):
    url = reverse("admin:tenants_apikey_add")
    form = {"name": "CRM", "mode": "test", "scopes": "[]"}
    client = browser(salon.people["developer"])

    shown = client.post(url, form, follow=True).content.decode()

    (text,) = re.findall(r"kk_test_[0-9a-f]{48}", shown)
    with tenant_scope(salon.tenant.id):
        assert ApiKey.objects.get(digest=digest(text)).name == "CRM"
    assert text not in client.get(reverse("admin:tenants_apikey_changelist")).content.decode()


def test_rotating_and_revoking_keys(salon):
    from tenants.accounts import issue_key

    key, _text = issue_key(salon.tenant.id, "live", "CRM")
    url = reverse("admin:tenants_apikey_changelist")
    client = browser(salon.people["owner"])
    chosen = {"_selected_action": [str(key.pk)]}

    shown = client.post(url, {"action": "rotate", **chosen}, follow=True).content.decode()
    client.post(url, {"action": "revoke", **chosen})

    assert re.search(r"kk_live_[0-9a-f]{48}", shown)
    with tenant_scope(salon.tenant.id):
        states = {key.pk: key.revoked_at is None for key in ApiKey.objects.all()}
    assert states.pop(key.pk) is False
    assert list(states.values()) == [True]


DASHBOARD = [
    "/admin/queues/",
    "/admin/queues/queues/0/",
    "/admin/queues/queues/0/failed/",
    "/admin/queues/queues/0/empty/",
    "/admin/queues/workers/0/",
    "/admin/queues/stats.json",
]


@pytest.mark.parametrize("url", DASHBOARD)
def test_the_queues_are_for_platform_superusers_only(salon, url):
    assert browser(salon.people["owner"]).get(url).status_code == 403
    assert browser(salon.people["owner"]).post(url).status_code == 403
    assert Client().get(url).headers["location"].startswith("/admin/login/")
    assert browser(make_staff()).get(url).status_code == 200


GONE = [
    *(f"queues/0/nobody/{verb}" for verb in ("", "requeue/", "enqueue/", "delete/")),
    *(f"workers/0/{name}/" for name in ("nobody", "rq:worker:nobody")),
    *(f"{place}/99/" for place in ("queues", "workers", "schedulers", "queues/actions")),
]


@pytest.mark.parametrize("path", GONE)
def test_a_job_a_worker_or_a_queue_that_is_gone_is_404(path):
    dana = browser(make_staff())

    assert dana.get(f"/admin/queues/{path}").status_code == 404
    assert dana.post(f"/admin/queues/{path}").status_code == 404


def test_every_page_of_the_queues_is_guarded(salon):
    from config.dashboard import urlpatterns

    assert len(urlpatterns) > 20
    assert all(hasattr(pattern.callback, "__wrapped__") for pattern in urlpatterns)


def test_rq_has_no_second_door_in_the_admin(salon):
    assert browser(salon.people["owner"]).get("/admin/django_rq/dashboard/").status_code == 404


def test_platform_staff_open_their_own_pages(salon):
    dana = browser(make_staff())

    for page in ("tenants_user", "tenants_platformkey", "tenants_tenant"):
        assert dana.get(reverse(f"admin:{page}_changelist")).status_code == 200
    dana.post(reverse("switch_salon", args=[salon.tenant.slug]))
    shown = dana.post(reverse("admin:tenants_platformkey_add"), {"name": "ops"}, follow=True)
    assert re.search(r"kk_platform_[0-9a-f]{48}", shown.content.decode())


def test_times_are_those_of_the_salon(salon):
    from datetime import UTC, datetime

    from tenants.models import Subscriber, Tenant

    with tenant_scope(salon.tenant.id):
        Tenant.objects.update(timezone="Asia/Vladivostok")  # UTC+10, no summer time
        Subscriber.objects.update(last_visit_at=datetime(2026, 11, 20, 14, 30, tzinfo=UTC))

    page = reverse("admin:tenants_subscriber_change", args=[salon.client.pk])
    shown = browser(salon.people["owner"]).get(page).content.decode()

    assert 'value="00:30:00"' in shown
    assert 'value="2026-11-21"' in shown


def test_a_page_is_headed_by_a_name_not_by_an_id(salon):
    page = reverse("admin:tenants_subscriber_change", args=[salon.client.pk])

    shown = browser(salon.people["owner"]).get(page)

    assert getattr(shown.wsgi_request, "heading", "") == salon.client.first_name


def test_what_is_typed_for_one_salon_is_not_saved_in_another(salon):
    owner, second = salon.people["owner"], make_salon("Вторая")
    join(second.tenant.id, owner, "owner")
    client, page = browser(owner), reverse("admin:tenants_subscriber_add")
    client.post(reverse("switch_salon", args=[salon.tenant.slug]))
    typed = {"subscriber_id": "one-window", "mode": "live", "kind": "client", "data": "{}"}
    form = hidden_fields(client.get(page)) | typed

    client.post(reverse("switch_salon", args=[second.tenant.slug]))
    answer = client.post(page, form, follow=True)

    assert "nothing was saved" in answer.content.decode()
    assert not people_called(second, "one-window")
    client.post(reverse("switch_salon", args=[salon.tenant.slug]))
    client.post(page, form)
    assert people_called(salon, "one-window")


def hidden_fields(page):
    """Read what a form sends by itself."""
    fields = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page.content.decode())
    pairs = [re.findall(r'(name|value)="([^"]*)"', one) for one in fields]
    return {dict(pair)["name"]: dict(pair).get("value", "") for pair in pairs}


def people_called(salon, key):
    with tenant_scope(salon.tenant.id):
        return Subscriber.objects.filter(subscriber_id=key).exists()


def test_a_clients_addresses_stand_there_without_the_names_that_logs_know(salon):
    with tenant_scope(salon.tenant.pk):
        one = Address.objects.filter(subscriber=salon.client).first()
    page = reverse("admin:tenants_subscriber_change", args=[salon.client.pk])

    shown = browser(salon.people["owner"]).get(page).content.decode()

    assert one.value in shown
    assert str(one) not in shown
