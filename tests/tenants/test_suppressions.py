"""The list of addresses that are never written to: by route and command, now and later."""

from __future__ import annotations

import json

import pytest

from tenants.models import Address, Suppression
from tenants.scope import tenant_scope
from tests.commands import said
from tests.factories import AddressFactory, SubscriberFactory

PHONE = "+79161234567"
LISTED = {"entries": [{"channel": "phone", "value": "8 (916) 123-45-67"}]}


def states(salon) -> list[tuple[str, str]]:
    with tenant_scope(salon.pk):
        return sorted(Address.objects.values_list("state", "reason"))


def person(salon, **fields):
    return AddressFactory.create(subscriber=SubscriberFactory.create(tenant=salon), **fields)


def test_a_listed_address_is_closed_to_all_who_have_it_and_who_get_it_later(salon, api):
    person(salon)

    assert api.post("/v1/suppressions", LISTED).json() == {"data": {"added": 1}}
    person(salon)
    api.post("/v2/subscribers", {"subscriberId": "late", "phone": PHONE})

    assert states(salon) == [("suppressed", "listed")] * 3


def test_nothing_wakes_a_listed_address_but_the_list(salon, api):
    person(salon)
    api.post("/v1/suppressions", LISTED)
    with tenant_scope(salon.pk):
        Address.objects.update(state="active", reason="")
    assert states(salon) == [("suppressed", "listed")]

    removed = api.post("/v1/suppressions/remove", LISTED).json()

    assert (removed, states(salon)) == ({"data": {"removed": 1}}, [("active", "")])


def test_who_said_no_herself_stays_so_and_is_told_with_the_list(salon, api):
    person(salon, state="suppressed", reason="opt_out")
    api.post("/v1/suppressions", LISTED)
    api.post("/v1/suppressions", LISTED)
    api.post("/v1/suppressions/remove", LISTED)

    assert states(salon) == [("suppressed", "opt_out")]
    rows = api.get("/v1/suppressions").json()["data"]
    assert rows == [{"channel": "phone", "value": PHONE, "reason": "opt_out"}]


def test_pages_end(salon, api):
    entries = [{"channel": "telegram", "value": str(number)} for number in range(1, 4)]
    api.post("/v1/suppressions", {"entries": entries})

    first, second = (api.get(f"/v1/suppressions?limit=2&page={n}").json() for n in (0, 1))

    assert [row["value"] for row in first["data"] + second["data"]] == ["1", "2", "3"]
    assert (first["hasMore"], second["hasMore"]) == (True, False)


def test_another_salon_knows_nothing_of_it(salon, other_salon, api):
    api.post("/v1/suppressions", LISTED)
    person(other_salon)

    assert states(other_salon) == [("active", "")]


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ([], "entries"),
        ([{}], "entries.0.channel"),
        ([{"channel": "phone", "value": "12"}], "entries.0.value"),
        ([{"channel": "email", "value": "a@b.test"}, 7], "entries.1.channel"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(salon, api, entries, field):
    answer = api.post("/v1/suppressions", {"entries": entries})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    with tenant_scope(salon.pk):
        assert not Suppression.objects.exists()


def test_a_file_goes_in_and_comes_out(salon, tmp_path):
    path, of = tmp_path / "list.csv", ("--tenant", salon.slug)
    path.write_text("phone,8 916 123 45 67\nemail,Anna@Mail.Test\n\n", encoding="utf-8")

    said("suppression", "import", *of, "--file", str(path))

    out = json.loads(said("suppression", "export", *of, "--json").stdout)
    assert [row["value"] for row in out] == ["anna@mail.test", PHONE]
    path.write_text("pigeon,7\n", encoding="utf-8")
    refused = said("suppression", "import", *of, "--file", str(path))
    assert (refused.returncode, "line 1.channel" in refused.stderr) == (2, True)


def test_a_lifted_line_stays_as_the_record_and_may_be_added_anew(salon, api):
    for path in ("/v1/suppressions", "/v1/suppressions/remove", "/v1/suppressions"):
        api.post(path, LISTED)

    with tenant_scope(salon.pk):
        lifted, listed = Suppression.objects.order_by("created_at")
    assert lifted.lifted_at is not None
    assert lifted.lifted_by.startswith("key:")
    assert (listed.lifted_at, listed.added_by) == (None, lifted.added_by)
