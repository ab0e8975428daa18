"""In the admin a second person looks, old versions come back, and a dry run shows the path."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from channels.integrations import ensure_phone
from notifications.models import DraftState, MessageTemplate, Step, Workflow
from tenants.models import Subscriber, Tenant
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon
from tests.admin.test_admin_publishing import SAVE, form, live_texts, post_workflow
from tests.api_client import Api


@pytest.fixture
def salon():
    one = make_salon()
    with tenant_scope(one.tenant.id):
        Tenant.objects.filter(pk=one.tenant.id).update(four_eyes=True)
    return one


def page(row, word, *more):
    return reverse(f"admin:notifications_{row._meta.model_name}_{word}", args=[row.pk, *more])


def posted(salon, who, row, word, *more, **values):
    answer = browser(salon.people[who]).post(page(row, word, *more), values, follow=True)
    return answer.content.decode()


def state_of(salon, row):
    with tenant_scope(salon.tenant.id):
        row.refresh_from_db()
    return row.state


def test_an_author_sends_his_text_and_another_approves_it(salon):
    text = salon.template
    browser(salon.people["marketer"]).post(page(text, "change"), form(salon))

    sent = posted(salon, "marketer", text, "submit")
    tried = posted(salon, "marketer", text, "publish")

    assert "Sent for review." in sent
    assert "somebody else must look at it" in tried
    assert (state_of(salon, text), live_texts(salon)[0]) == (DraftState.REVIEW, 1)
    assert "Approve and publish" in posted_page(salon, "owner", text)
    assert "Approve and publish" not in posted_page(salon, "marketer", text)
    assert "version 2" in posted(salon, "owner", text, "publish")
    assert (state_of(salon, text), live_texts(salon)[0]) == (DraftState.PUBLISHED, 2)


def test_who_writes_by_a_key_of_his_own_is_the_author_as_well(salon):
    developer = browser(salon.people["developer"])
    made = developer.post(
        reverse("admin:tenants_apikey_add"),
        {"name": "", "mode": "live", "scopes": "[]"},
        follow=True,
    )
    key = Api(re.search(r"kk_live_\w+", made.content.decode())[0])
    name = salon.workflow.identifier
    flow = {"name": {"en": "By software"}, "steps": [{"key": "hook", "kind": "webhook"}]}
    assert key.put(f"/v1/workflows/{name}", {"workflow": flow}).status_code == 200
    assert key.post(f"/v1/workflows/{name}/submit", {}).status_code == 200

    tried = posted(salon, "developer", salon.workflow, "publish")

    assert "somebody else must look at it" in tried
    assert state_of(salon, salon.workflow) == DraftState.REVIEW
    assert "somebody else" not in posted(salon, "owner", salon.workflow, "publish")


def posted_page(salon, who, row):
    return browser(salon.people[who]).get(page(row, "change")).content.decode()


def test_saving_and_publishing_in_one_press_does_not_go_past_review(salon):
    text = salon.template
    browser(salon.people["marketer"]).post(page(text, "change"), form(salon))
    posted(salon, "marketer", text, "submit")

    answer = browser(salon.people["owner"]).post(
        page(text, "change"), form(salon, body_ru="{{ clientName }}!") | SAVE, follow=True
    )

    assert "somebody else must look at it" in answer.content.decode()
    assert (state_of(salon, text), live_texts(salon)[0]) == (DraftState.DRAFT, 1)


def test_looking_and_saving_without_a_change_is_no_authorship(salon):
    text = salon.template
    browser(salon.people["marketer"]).post(page(text, "change"), form(salon))
    posted(salon, "marketer", text, "submit")

    answer = browser(salon.people["owner"]).post(
        page(text, "change"), form(salon) | SAVE, follow=True
    )

    assert "version 2" in answer.content.decode()


def test_a_draft_is_given_back(salon):
    text = salon.template
    browser(salon.people["marketer"]).post(page(text, "change"), form(salon))
    posted(salon, "marketer", text, "submit")

    assert "Given back" in posted(salon, "owner", text, "return")
    assert state_of(salon, text) == DraftState.DRAFT


def test_who_changes_a_step_is_an_author_of_the_workflow(salon):
    shown = post_workflow(salon).content.decode()
    posted(salon, "owner", salon.workflow, "submit")

    tried = posted(salon, "developer", salon.workflow, "publish")

    assert "somebody else must look at it" in shown
    assert "somebody else must look at it" in tried
    with tenant_scope(salon.tenant.id):
        assert Workflow.objects.get(pk=salon.workflow.pk).published.number == 1


def test_an_old_version_of_a_workflow_comes_back(salon):
    with tenant_scope(salon.tenant.id):
        Tenant.objects.filter(pk=salon.tenant.id).update(four_eyes=False)
    post_workflow(salon)

    posted(salon, "developer", salon.workflow, "restore", 1)

    with tenant_scope(salon.tenant.id):
        workflow = Workflow.objects.get(pk=salon.workflow.pk)
        assert workflow.published.number == 3
        assert Step.objects.filter(workflow=workflow).count() == 1


def test_a_schema_that_breaks_callers_offers_a_new_identifier(salon):
    with tenant_scope(salon.tenant.id):
        Tenant.objects.filter(pk=salon.tenant.id).update(four_eyes=False)
        schema = Workflow.objects.get(pk=salon.workflow.pk).payload_schema
    wider = schema | {"required": [*schema["required"], "total"]}

    refused = post_workflow(salon, payload_schema=json.dumps(wider)).content.decode()
    renewed = posted(salon, "developer", salon.workflow, "renew")

    assert "“total” was not required so far" in refused
    assert f"Publish as “{salon.workflow.identifier}-v2”" in refused
    assert f"Published as “{salon.workflow.identifier}-v2”" in renewed


def test_a_dry_run_shows_the_path_and_says_what_is_wrong(salon):
    event = {
        "text:clientName": "Ира",
        "text:appointmentTime": "2026-12-01T15:30:00+03:00",
        "text:serviceName": "Маникюр",
    }

    def rehearsed(who="owner", client="Анна", **fields):
        return posted(salon, who, salon.workflow, "rehearse", client=client, **fields)

    shown = posted_page(salon, "owner", salon.workflow)
    path = rehearsed(**event)

    assert "Dry run" in shown
    assert 'name="text:appointmentTime"' in shown
    assert "message" in path
    assert "phone-error" not in path
    assert "Fill in “clientName”." in rehearsed()
    assert "“serviceName” is a number" in rehearsed(**{"json:serviceName": "{"})
    assert "There is no client “Жанна”" in rehearsed(client="Жанна", **event)
    assert "There is no client “Анна”" in rehearsed(who="developer", **event)
    assert rehearsed(who="developer", client=salon.client.subscriber_id, **event) == path


def test_a_dry_run_plays_the_saved_draft_or_what_runs(salon):
    with tenant_scope(salon.tenant.id):
        ensure_phone(salon.tenant.id)
        Subscriber.objects.update(mode="test")  # for whom the Phone is enough
        MessageTemplate.objects.filter(pk=salon.template.pk).update(body_ru="{{ clientName }}!")
    event = {
        "text:clientName": "Ира",
        "text:appointmentTime": "2026-12-01T15:30:00+03:00",
        "text:serviceName": "Маникюр",
        "client": salon.client.subscriber_id,
        "is_test": "1",
    }

    drafted = posted(salon, "owner", salon.workflow, "rehearse", is_draft="1", **event)

    assert "Ира!" in drafted
    assert "Ира!" not in posted(salon, "owner", salon.workflow, "rehearse", **event)


def test_a_newer_pack_says_in_words_what_it_changes(salon):
    with tenant_scope(salon.tenant.id):
        Workflow.objects.update(pack_version=0)
    same = posted_page(salon, "owner", salon.workflow)
    with tenant_scope(salon.tenant.id):
        Workflow.objects.update(priority="normal")

    assert "It changes nothing here." in same
    assert "Yours, and stays as it is: priority" in posted_page(salon, "owner", salon.workflow)
