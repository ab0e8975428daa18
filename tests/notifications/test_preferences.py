"""What a client wants to hear of, and where: told by the API, kept by the engine."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.gates import CHANNELS, unwanted
from notifications.models import Workflow
from tenants.scope import tenant_scope
from tests.for_each import for_each

VISIT, OTHER = UUID(int=1), UUID(int=2)
ANNA = {"subscriberId": "anna", "phone": "+79161234567", "email": "anna@mail.test"}
URL = "/v2/subscribers/anna/preferences"
WISHES = st.lists(
    st.tuples(
        st.sampled_from([None, VISIT, OTHER]),
        st.sampled_from(["", "tx", "mk"]),
        st.sampled_from(["", "sms", "email"]),
        st.booleans(),
    ),
    unique_by=lambda wish: wish[:3],
    max_size=8,
)


@for_each(
    "wishes, off",
    [
        ([], set()),
        ([(None, "", "", False)], CHANNELS),
        ([(None, "", "sms", False)], {"sms"}),
        ([(None, "mk", "", False)], set()),
        ([(None, "", "", False), (None, "", "sms", True)], CHANNELS - {"sms"}),
        ([(None, "", "sms", False), (None, "tx", "sms", True)], set()),
        ([(None, "tx", "sms", False), (VISIT, "", "", True)], set()),
        ([(OTHER, "", "", False)], set()),
        ([(VISIT, "", "", False), (None, "tx", "sms", True)], CHANNELS),
    ],
)
def test_the_narrower_wish_wins(wishes, off):
    assert unwanted(wishes, VISIT, "tx") == off


@settings(max_examples=40)
@given(wishes=WISHES)
def test_the_order_of_wishes_and_what_is_about_others_change_nothing(wishes):
    about = [w for w in wishes if w[0] in (None, VISIT) and w[1] in ("", "tx")]

    assert unwanted(wishes[::-1], VISIT, "tx") == unwanted(about, VISIT, "tx")


@pytest.fixture
def anna(reminders, worker, api):
    """Anna is known; there is a reminder by SMS, then e-mail, a critical one, an inbox."""
    for name, more in (("visit", {}), ("alarm", {"is_critical": True})):
        reminders.workflow(name, ("sms", {"channels": ["sms", "email"]}), **more)
    reminders.workflow("inbox", "in_app")
    api.put("/v1/subscribers/anna", ANNA)
    api.post("/v2/subscribers", ANNA)
    return reminders


@pytest.mark.parametrize(
    ("said", "name", "state", "channels"),
    [
        ({"channels": {"sms": False}}, "visit", ("completed", ""), ["email"]),
        ({"channels": {"sms": False, "email": False}}, "visit", ("skipped", "preference"), []),
        ({"enabled": False}, "visit", ("skipped", "all_channels_off"), []),
        ({"enabled": False}, "alarm", ("completed", ""), ["phone"]),
        ({"channels": {"in_app": False}}, "inbox", ("skipped", "preference"), []),
        ({"category": "mk", "enabled": False}, "visit", ("completed", ""), ["phone"]),
        (
            {"workflowId": "visit", "channels": {"sms": False}},
            "visit",
            ("completed", ""),
            ["email"],
        ),
        ({"workflowId": "inbox", "enabled": False}, "visit", ("completed", ""), ["phone"]),
    ],
)
def test_what_is_switched_off_is_not_sent_and_the_log_says_so(
    anna, api, worker, said, name, state, channels
):
    assert api.patch(URL, said).status_code == 200
    anna.trigger(name, "anna")

    worker.drain_dry()

    assert anna.states == [state]
    assert [message.channel for message in anna.messages] == channels


def test_what_is_said_of_all_takes_single_channels_back(anna, api):
    api.patch(URL, {"channels": {"sms": True, "email": False}})
    shown = api.patch(URL, {"enabled": False}).json()["data"]["global"]

    assert (shown["enabled"], set(shown["channels"].values())) == (False, {False})


def test_critical_workflows_ask_nobody_and_are_listed_on_demand_only(anna, api):
    def listed(query=""):
        rows = api.get(URL + query).json()["data"]["workflows"]
        return {row["workflow"]["identifier"] for row in rows} & {"visit", "alarm"}

    assert listed() == {"visit"}
    assert listed("?criticality=critical") == {"alarm"}
    assert listed("?criticality=all") == {"visit", "alarm"}


def test_a_bulk_call_answers_each_in_its_order(anna, api):
    rows = [{"workflowId": "visit", "sms": False}, {"channels": {"push": False}}]

    answer = api.patch(f"{URL}/bulk", {"preferences": rows}).json()["data"]

    assert [row["level"] for row in answer] == ["template", "global"]
    assert answer[0]["channels"]["sms"] is answer[1]["channels"]["push"] is False


def test_old_clients_say_it_in_their_words(anna, api):
    with tenant_scope(anna.salon.pk):
        key = Workflow.objects.get(identifier="visit").pk
    old = "/v1/subscribers/anna/preferences"
    api.patch(f"{old}/{key}", {"channel": {"type": "sms", "enabled": False}})
    api.patch(old, {"enabled": True, "preferences": [{"type": "push", "enabled": False}]})

    rows = api.get(old).json()["data"]

    (visit,) = [row for row in rows if row["template"]["_id"] == str(key)]
    assert visit["preference"]["channels"]["sms"] is False
    assert visit["preference"]["channels"]["push"] is False


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channels": {"pigeon": True}}, "channels"),
        ({"channels": {"sms": "no"}}, "channels"),
        ({"channels": []}, "channels"),
        ({}, "channels"),
        ({"enabled": 1}, "enabled"),
        ({"category": "xx", "enabled": True}, "category"),
        ({"category": "mk", "workflowId": "visit", "enabled": True}, "category"),
        ({"schedule": {"isEnabled": True}}, "schedule"),
    ],
)
def test_what_makes_no_sense_names_the_field(anna, api, body, field):
    answer = api.patch(URL, body)

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_an_unknown_workflow_is_not_found(anna, api):
    assert api.patch(URL, {"workflowId": "nobody's", "enabled": True}).status_code == 404
