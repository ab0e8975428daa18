"""Which keys open which salon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenants.accounts import create_tenant, issue_platform_key, revoke_key, rotate_key
from tenants.errors import Conflict, InvalidFields
from tenants.models import ApiKey, Location, Tenant
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import ApiKeyFactory, TenantFactory, word

ERROR = {"statusCode", "timestamp", "path", "message"}


def slug_seen_by(key: str):
    answer = Api(key).post("/v1/events/echo", {})
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]["slug"]


def change(tenant, **fields):
    with tenant_scope(tenant.pk):
        Tenant.objects.filter(pk=tenant.pk).update(**fields)


def test_a_key_enters_its_own_salon(salon, api):
    assert api.post("/v1/events/echo", {}).json()["data"]["slug"] == salon.slug


@pytest.mark.parametrize(
    "header", ["", "ApiKey", "ApiKey kk_live_0000000000", "Bearer kk_live_x", "kk_live_x"]
)
def test_a_wrong_or_missing_key_is_401_in_novus_shape(header):
    answer = Api("").get("/v2/subscribers", Authorization=header)

    assert answer.status_code == 401
    assert set(answer.json()) >= ERROR
    assert answer.json()["statusCode"] == 401
    assert answer.headers["WWW-Authenticate"] == "ApiKey"


def test_a_good_key_as_bearer_is_401(salon):
    key = ApiKeyFactory.create(tenant=salon).text

    assert Api("").get("/v2/subscribers", Authorization=f"Bearer {key}").status_code == 401


def test_an_expired_key_is_401_with_a_sentence(salon):
    key = ApiKeyFactory.create(tenant=salon, expires_at=datetime.now(UTC) - timedelta(seconds=1))

    answer = Api(key.text).get("/v2/subscribers")

    assert (answer.status_code, answer.json()["message"]) == (401, "This API key has expired.")


def test_a_revoked_key_is_401_with_a_sentence(salon):
    key = ApiKeyFactory.create(tenant=salon)
    with tenant_scope(salon.pk):
        revoke_key(key.pk)

    answer = Api(key.text).get("/v2/subscribers")

    assert (answer.status_code, answer.json()["message"]) == (401, "This API key was revoked.")


def test_rotation_lets_both_keys_work_until_the_overlap_ends(salon):
    old = ApiKeyFactory.create(tenant=salon, mode="test", scopes=["topics:read"])

    with tenant_scope(salon.pk):
        new, text = rotate_key(old.pk, timedelta(hours=1))
        old.refresh_from_db()

    assert slug_seen_by(old.text) == slug_seen_by(text) == salon.slug
    assert (new.mode, new.scopes, new.name) == (old.mode, old.scopes, old.name)
    assert timedelta(minutes=59) < old.expires_at - datetime.now(UTC) <= timedelta(hours=1)


def test_a_key_that_is_over_cannot_be_rotated(salon):
    key = ApiKeyFactory.create(tenant=salon, revoked_at=datetime.now(UTC))

    with tenant_scope(salon.pk), pytest.raises(Conflict):
        rotate_key(key.pk)


def test_a_key_is_kept_as_a_digest_and_due_after_90_days(salon):
    key = ApiKeyFactory.create(tenant=salon)

    assert key.prefix == key.text[:16]
    assert key.text[16:] not in f"{key.digest} {key.prefix}"
    assert not key.is_due(datetime.now(UTC) + timedelta(days=89))
    assert key.is_due(datetime.now(UTC) + timedelta(days=91))


def test_using_a_key_is_noted(salon, api):
    api.get("/v2/subscribers")

    with tenant_scope(salon.pk):
        assert ApiKey.objects.get(mode="live").last_used_at is not None


def test_a_suspended_salon_is_403_with_the_reason(salon, api):
    change(salon, state="suspended", state_reason="unpaid invoice")

    answer = api.get("/v2/subscribers")

    assert answer.status_code == 403
    assert "unpaid invoice" in answer.json()["message"]


def test_a_closed_salon_is_403(salon, api):
    change(salon, state="closed")

    assert api.get("/v2/subscribers").status_code == 403


def test_a_key_without_the_scope_is_403(salon):
    reader = Api(ApiKeyFactory.create(tenant=salon, scopes=["subscribers:read"]).text)

    assert reader.get("/v2/subscribers").status_code == 200
    answer = reader.post("/v2/subscribers", {"subscriberId": "1"})
    assert answer.status_code == 403
    assert "subscribers:write" in answer.json()["message"]


def test_a_salons_key_that_names_another_salon_is_403(other_salon, api):
    for body in ({"tenant": other_salon.slug}, {"tenant": {"identifier": other_salon.slug}}):
        assert api.post("/v1/events/echo", body).status_code == 403
    assert (
        api.post("/v1/events/echo", {"events": [{"tenant": other_salon.slug}]}).status_code == 403
    )
    assert api.get("/v2/subscribers", Kolokol_Tenant=other_salon.slug).status_code == 403


def test_a_salons_key_may_name_itself(salon, api):
    assert api.post("/v1/events/echo", {"tenant": salon.slug}).status_code == 201


@pytest.fixture
def platform() -> Api:
    return Api(issue_platform_key("operator")[1])


def test_a_platform_key_enters_the_salon_that_the_body_names(salon, platform):
    for tenant in (salon.slug, {"identifier": salon.slug}):
        answer = platform.post("/v1/events/echo", {"tenant": tenant})
        assert answer.json()["data"]["slug"] == salon.slug


def test_a_platform_key_enters_the_salon_of_the_header(salon, platform):
    platform.post("/v2/subscribers", {"subscriberId": "of-header"}, Kolokol_Tenant=salon.slug)

    answer = platform.get("/v2/subscribers", Kolokol_Tenant=salon.slug)
    assert [row["subscriberId"] for row in answer.json()["data"]] == ["of-header"]


def test_a_platform_key_that_names_no_salon_two_or_an_unknown_one_is_told_so(
    salon, other_salon, platform
):
    none = platform.post("/v1/events/echo", {})
    two = platform.post(
        "/v1/events/echo", {"events": [{"tenant": salon.slug}, {"tenant": other_salon.slug}]}
    )
    unknown = platform.post("/v1/events/echo", {"tenant": word("nobody")})

    assert (none.status_code, two.status_code, unknown.status_code) == (400, 400, 404)
    assert none.json()["errors"][0]["field"] == "tenant"


def test_a_platform_key_is_stopped_at_a_suspended_salon(salon, platform):
    change(salon, state="suspended", state_reason="unpaid")

    assert platform.post("/v1/events/echo", {"tenant": salon.slug}).status_code == 403


def test_a_new_salon_has_a_main_location_and_a_taken_identifier_is_a_conflict():
    slug = word("rosa")
    tenant = create_tenant(slug, "Роза", timezone="Asia/Yekaterinburg", language="en")

    with tenant_scope(tenant.pk):
        assert Location.objects.get().is_default
    with pytest.raises(Conflict):
        create_tenant(slug, "Other")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("identifier", {"slug": "Роза"}),
        ("name", {"name": ""}),
        ("timezone", {"timezone": "Mars/Base"}),
        ("language", {"language": "de"}),
    ],
)
def test_a_bad_salon_names_the_field(field, values):
    with pytest.raises(InvalidFields) as refused:
        TenantFactory.create(**values)

    assert list(refused.value.errors) == [field]
