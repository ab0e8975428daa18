"""Accounts at providers: credentials go in by the form and never come out."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from channels.defaults import add_default, delete_default
from channels.integrations import add_integration
from channels.models import ChannelRule, DefaultIntegration, Integration, SenderName
from channels.secrets import decrypt
from tenants.scope import support_scope, tenant_scope
from tests.admin.people import browser, make_salon, make_staff
from tests.channels.say_server import SayServer

TOKEN = "7000000001:AAF-not-a-real-token"
ADD = "admin:channels_integration_add"
DEFAULT = "admin:channels_defaultintegration_{}"


@pytest.fixture
def salon():
    return make_salon()


def add(client, **changed):
    form = {
        "name": "Бот",
        "identifier": "bot",
        "position": 0,
        "credential_token": TOKEN,
        "credential_webhook_secret": "hush",
    }
    return client.post(reverse(ADD) + "?provider=telegram", form | changed)


def the_one(salon):
    with tenant_scope(salon.tenant.id):
        return Integration.objects.get(provider="telegram")


def test_an_account_is_added_with_the_fields_of_its_provider(salon):
    response = add(browser(salon.people["developer"]))

    assert response.status_code == 302
    made = the_one(salon)
    assert (made.tenant_id, made.kind) == (salon.tenant.id, "chat")
    assert decrypt(made.credentials)["token"] == TOKEN
    assert TOKEN not in made.credentials


def test_the_first_page_asks_for_the_provider(salon):
    shown = browser(salon.people["developer"]).get(reverse(ADD)).content.decode()

    assert "?provider=telegram" in shown
    assert "?provider=sandbox" not in shown


def test_a_new_account_is_called_as_its_provider_until_somebody_says_otherwise(salon):
    developer = browser(salon.people["developer"])

    first = developer.get(reverse(ADD) + "?provider=telegram").context["adminform"].form
    add(developer, identifier=first.get_initial_for_field(first.fields["identifier"], "identifier"))
    second = developer.get(reverse(ADD) + "?provider=telegram").context["adminform"].form

    assert [form.initial["name"] for form in (first, second)] == ["Telegram", "Telegram"]
    assert [form.initial["identifier"] for form in (first, second)] == ["telegram", "telegram-2"]


@pytest.mark.parametrize("role", ["owner", "developer", "analyst"])
def test_a_secret_is_never_shown_again(salon, role):
    add(browser(salon.people["owner"]))
    page = reverse("admin:channels_integration_change", args=[the_one(salon).pk])

    shown = browser(salon.people[role]).get(page).content.decode()

    assert TOKEN not in shown
    assert "hush" not in shown
    assert ("/v1/callbacks/" in shown) == (role != "analyst")


def test_an_empty_secret_stays_and_a_new_one_replaces_it(salon):
    client = browser(salon.people["owner"])
    add(client)
    page = reverse("admin:channels_integration_change", args=[the_one(salon).pk])

    client.post(page, {"name": "Другое имя", "position": 1, "credential_token": ""})
    kept = the_one(salon)
    client.post(page, {"name": "Другое имя", "position": 1, "credential_token": "8:new"})

    assert (kept.name, decrypt(kept.credentials)["token"]) == ("Другое имя", TOKEN)
    assert decrypt(the_one(salon).credentials) == {"token": "8:new", "webhook_secret": "hush"}


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("credential_token", {"credential_token": ""}),
        ("identifier", {"identifier": "not a slug"}),
        ("credential_api_base", {"credential_api_base": "http://api.example"}),
        ("credential_rate", {"credential_rate": "fast"}),
    ],
)
def test_what_is_missing_is_named_by_field(salon, field, changed):
    response = add(browser(salon.people["owner"]), **changed)

    assert list(response.context["adminform"].form.errors) == [field]


def test_a_taken_identifier_is_refused(salon):
    client = browser(salon.people["owner"])
    add(client)

    assert add(client).context["errors"]


def test_switching_off_and_on(salon):
    client = browser(salon.people["owner"])
    add(client)
    chosen = {"_selected_action": [str(the_one(salon).pk)]}
    url = reverse("admin:channels_integration_changelist")

    client.post(url, {"action": "switch_off", **chosen})
    assert the_one(salon).state == "disabled"
    client.post(url, {"action": "switch_on", **chosen})
    assert the_one(salon).state == "active"


def test_a_check_that_reaches_nobody_says_so_and_changes_nothing(salon):
    client = browser(salon.people["owner"])
    add(client, credential_api_base="https://127.0.0.1:9")
    chosen = {"_selected_action": [str(the_one(salon).pk)]}
    url = reverse("admin:channels_integration_changelist")

    shown = client.post(url, {"action": "check_connection", **chosen}, follow=True)

    assert "the provider did not answer" in shown.content.decode()
    assert the_one(salon).state == "active"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "must be an address that begins with https://"),
        ("ru", "должен быть адрес, который начинается с https://"),
    ],
)
def test_a_wrong_field_is_told_in_the_visitors_language(salon, language, sentence):
    client = browser(salon.people["owner"])
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    client.cookies["django_language"] = language

    shown = add(client, credential_api_base="http://api.example").content.decode()

    assert sentence in shown
    assert TOKEN not in shown


def test_the_page_says_where_a_value_is_found(salon):
    client = browser(salon.people["owner"])

    shown = client.get(reverse(ADD) + "?provider=whatsapp_cloud").content.decode()

    assert "System users" in shown


def test_an_open_field_is_shown_and_can_be_emptied(salon):
    client = browser(salon.people["owner"])
    add(client, credential_rate="20/60")
    page = reverse("admin:channels_integration_change", args=[the_one(salon).pk])

    shown = client.get(page).content.decode()
    client.post(page, {"name": "Бот", "position": 0, "credential_rate": ""})

    assert 'value="20/60"' in shown
    assert decrypt(the_one(salon).credentials) == {"token": TOKEN, "webhook_secret": "hush"}


def test_a_key_file_keeps_its_lines_and_is_not_shown_beside_an_error(salon):
    client = browser(salon.people["owner"])
    key = {"client_email": "a@b.example", "private_key": "no key\nsecond line"}

    shown = client.post(
        reverse(ADD) + "?provider=fcm",
        {
            "name": "App",
            "identifier": "app",
            "position": 0,
            "credential_service_account": json.dumps(key),
        },
    )

    assert list(shown.context["adminform"].form.errors) == ["credential_service_account"]
    assert "second line" not in shown.content.decode()


def test_names_of_the_sender_are_kept_with_an_sms_account(salon):
    row = add_integration(salon.tenant.id, "smsru", {"api_id": "0190-not-real"}, identifier="smsru")
    page = reverse("admin:channels_integration_change", args=[row.pk])
    client = browser(salon.people["owner"])
    lines = [("+7", "ROSA", "registered"), ("+7916", "ROSA-MTS", "requested")]
    form = {"name": "SMS", "position": 0, "sender_names-TOTAL_FORMS": 2}
    form["sender_names-INITIAL_FORMS"] = 0
    for at, (prefix, sender, state) in enumerate(lines):
        form |= {
            f"sender_names-{at}-prefix": prefix,
            f"sender_names-{at}-sender": sender,
            f"sender_names-{at}-state": state,
        }

    answer = client.post(page, form)

    assert answer.status_code == 302, answer.context["errors"]
    with tenant_scope(salon.tenant.id):
        found = SenderName.objects.order_by("prefix").values_list("prefix", "sender", "state")
        assert list(found) == lines


def test_the_platforms_staff_keep_the_default_accounts():
    salon, dana = make_salon(), make_staff()
    client = browser(dana, salon=salon.tenant.slug)
    name = f"mail-{salon.tenant.slug}"
    form = {"name": "Почта", "identifier": name, "position": 0}
    mail = {"host": "mail.example", "port": "587", "from_address": "a@mail.example"}
    form |= {f"credential_{field}": value for field, value in mail.items()}
    form["credential_password"] = "hush-hush"
    try:
        made = client.post(f"{reverse(DEFAULT.format('add'))}?provider=smtp", form)
        (row,) = defaults_named(name)
        page = reverse(DEFAULT.format("change"), args=[row.pk])
        shown = client.get(page).content.decode()
        client.post(page, form | {"name": "Post", "credential_password": ""})
        (changed,) = defaults_named(name)
        client.post(reverse(DEFAULT.format("delete"), args=[row.pk]), {"post": "yes"})
    finally:
        left = defaults_named(name)
        for one in left:
            delete_default(one.pk)

    assert made.status_code == 302
    assert "mail.example" in shown
    assert "hush-hush" not in shown
    assert (changed.name, decrypt(changed.credentials)["password"]) == ("Post", "hush-hush")
    assert left == []


def defaults_named(name):
    with support_scope("a test"):
        return list(DefaultIntegration.objects.filter(identifier=name))


def test_a_rule_is_set_on_the_list_itself(salon):
    client = browser(salon.people["owner"])
    client.post(reverse("admin:channels_channelrule_add"), {"target": "max", "may_tx": "on"})
    url = reverse("admin:channels_channelrule_changelist")

    shown = client.get(url).content.decode()

    with tenant_scope(salon.tenant.id):
        rule = ChannelRule.objects.get()
    assert (rule.target, rule.may_tx, rule.may_mk) == ("max", True, False)
    assert "Instagram" in shown  # what holds without a rule


@pytest.fixture
def telegram(settings):
    """Telegram on loopback, which says what it is told to."""
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    server = SayServer()
    yield server
    server.close()


OK, REFUSED = b'{"ok":true,"result":{"id":1}}', b'{"ok":false,"error_code":401,"description":"No"}'


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [(200, OK, "the provider answers"), (401, REFUSED, "the provider refuses the account (No)")],
)
def test_save_and_check_saves_and_asks_the_provider(salon, telegram, status, body, said):
    telegram.say(status, body)
    client = browser(salon.people["owner"])
    add(client, credential_api_base=telegram.url(""))
    page = reverse("admin:channels_integration_change", args=[the_one(salon).pk])
    form = {"name": "Другое имя", "position": 0, "credential_api_base": telegram.url("")}

    shown = client.post(
        page, form | {"channels_integration_save_and_check": "1"}, follow=True
    ).content.decode()

    assert said in shown
    assert the_one(salon).name == "Другое имя"
    assert len(telegram.arrivals) == 1


def test_a_kept_secret_is_not_sent_to_another_address(salon, telegram):
    client = browser(salon.people["owner"])
    add(client)
    page = reverse("admin:channels_integration_change", args=[the_one(salon).pk])
    form = {"name": "Бот", "position": 0, "credential_api_base": telegram.url("")}

    shown = client.post(page, form | {"channels_integration_save_and_check": "1"}, follow=True)

    assert "must be filled in again" in shown.content.decode()
    assert telegram.arrivals == []


def test_a_default_account_is_checked_by_its_button_too(telegram):
    telegram.say(200, OK)
    salon = make_salon()
    row = add_default(
        "telegram", {"token": "1:a", "api_base": telegram.url("")}, identifier=salon.tenant.slug
    )
    page = reverse(DEFAULT.format("change"), args=[row.pk])
    form = {"name": "Бот", "position": 0, "credential_api_base": telegram.url("")}
    try:
        shown = browser(make_staff(), salon=salon.tenant.slug).post(
            page, form | {"channels_defaultintegration_save_and_check": "1"}, follow=True
        )
    finally:
        delete_default(row.pk)

    assert "the provider answers" in shown.content.decode()


@pytest.mark.parametrize(
    ("public_url", "language", "words"),
    [
        ("http://127.0.0.1:8000", "en", "begin with https:// only"),
        ("http://127.0.0.1:8000", "ru", "только к адресам, которые начинаются с https://"),
        ("https://kolokol.example", "en", "Telegram refuses to call this address"),
        ("https://kolokol.example", "ru", "Telegram отказывается обращаться по этому адресу"),
    ],
)
def test_connecting_says_what_stands_against_it(salon, settings, public_url, language, words):
    client = browser(salon.people["owner"])
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    add(client, credential_api_base="https://127.0.0.1:9", credential_webhook_secret="")
    settings.PUBLIC_URL = public_url
    chosen = {"_selected_action": [str(the_one(salon).pk)], "action": "connect_callbacks"}

    said = client.post(reverse("admin:channels_integration_changelist"), chosen, follow=True)
    page = client.get(reverse("admin:channels_integration_change", args=[the_one(salon).pk]))

    assert words in said.content.decode()
    assert words in page.content.decode()
