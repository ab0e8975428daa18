"""Staff channels: each captured answer means what its index expects; what is posted is harmless.

Sources of the bodies: the documents named in the adapters, read 2026-11.
"""

from __future__ import annotations

import json

import pytest

from channels.adapters.discord import DiscordAdapter
from channels.adapters.mattermost import MattermostAdapter
from channels.adapters.ntfy import NtfyAdapter
from channels.adapters.slack import SlackAdapter
from channels.adapters.teams import TeamsAdapter
from channels.contract import Button, Content, Outbound
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    ProviderPaused,
    RateLimited,
    UnknownReply,
)
from channels.request import HttpResponse
from tests.channels.steps import walk
from tests.channels.verdicts import cases, outcome_of, response_of, wanted
from tests.for_each import for_each

NOW = 1795168800  # 2026-11-20 10:00:00 UTC
SLACK_HOOK = "https://hooks.slack.com/services/T/B/secret"
DISCORD_HOOK = "https://discord.com/api/webhooks/1/secret"
FLOW = "https://x.environment.api.powerplatform.com/workflows/1/triggers/m?api-version=1&sig=secret"
POST = "https://chat.salon.example/hooks/secret"


def at_ten(adapter, **credentials):
    return type("AtTen", (adapter,), {"clock": staticmethod(lambda: NOW)})(credentials)


SLACK = at_ten(SlackAdapter, webhook_url=SLACK_HOOK)
BOT = at_ten(SlackAdapter, token="xoxb-1")
DISCORD = at_ten(DiscordAdapter, webhook_url=DISCORD_HOOK)
TEAMS = at_ten(TeamsAdapter, webhook_url=FLOW)
MATTERMOST = at_ten(MattermostAdapter, webhook_url=POST)
NTFY = at_ten(NtfyAdapter, token="tk_1")
HOOKS = {"slack": SLACK, "discord": DISCORD, "teams": TEAMS, "mattermost": MATTERMOST}
CAPTURED = [
    *((SLACK, case) for case in cases("slack/responses.json", "webhook")),
    *((BOT, case) for case in cases("slack/responses.json", "chat.postMessage")),
    *((DISCORD, case) for case in cases("discord/responses.json")),
    *((TEAMS, case) for case in cases("teams/responses.json")),
    *((MATTERMOST, case) for case in cases("mattermost/responses.json")),
    *((NTFY, case) for case in cases("ntfy/responses.json")),
]
NASTY = Content("<!channel> @everyone *Анна* <b> [x](http://y)", title="Новая запись")
LINKED = Content(
    "Анна 21.11 15:00",
    title="Новая запись",
    buttons=(Button("Открыть", url="https://salon.example/a/1"), Button("Да", action="yes")),
)


def outbound(content=LINKED, address="staff"):
    return Outbound("0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44", "chat", address, content, "ru", "tx")


def posted(adapter, content=LINKED, address="staff") -> dict:
    return json.loads(adapter.request(outbound(content, address)).body)


def error_of(adapter, status, body=b"", headers=None) -> DeliveryError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(DeliveryError) as caught:
        adapter.receipt(HttpResponse(status, headers or {}, raw))
    return caught.value


@for_each("adapter, case", CAPTURED)
def test_an_answer_means_what_the_index_expects(adapter, case):
    assert outcome_of(adapter, response_of(case)) in wanted(case)


@for_each("adapter", [*HOOKS.values(), BOT, NTFY])
def test_what_is_not_known_is_not_guessed(adapter):
    assert type(error_of(adapter, 418)) is UnknownReply


def test_slack_shows_a_title_and_links_and_no_previews():
    assert posted(SLACK) == {
        "text": "*Новая запись*\nАнна 21.11 15:00\n\n<https://salon.example/a/1|Открыть>",
        "unfurl_links": False,
        "unfurl_media": False,
    }


@pytest.mark.parametrize("adapter", [SLACK, BOT])
def test_slack_takes_no_markup_from_the_text(adapter):
    text = posted(adapter, NASTY)["text"]

    assert "<!channel>" not in text
    assert "&lt;!channel&gt;" in text


def test_a_bot_writes_to_the_channel_of_the_address():
    request = BOT.request(outbound(address="C0123456789"))

    assert request.url == "https://slack.com/api/chat.postMessage"
    assert request.headers["Authorization"] == "Bearer xoxb-1"
    assert json.loads(request.body)["channel"] == "C0123456789"


def test_a_bots_message_is_known_by_channel_and_moment():
    case = cases("slack/responses.json", "chat.postMessage")[0]

    assert BOT.receipt(response_of(case)).provider_id == "C0123456789:1795168800.000100"


def test_slack_says_ok_false_for_what_it_did_not_post():
    assert type(error_of(BOT, 200, {"ok": False, "error": "brand_new"})) is UnknownReply
    assert type(error_of(BOT, 200, {"ok": False, "error": "fatal_error"})) is Ambiguous
    assert type(error_of(BOT, 200, b"<html>")) is Ambiguous


def test_discord_calls_nobody_and_asks_for_the_id():
    request = DISCORD.request(outbound(NASTY))
    body = json.loads(request.body)

    assert request.url == f"{DISCORD_HOOK}?wait=true"
    assert body["allowed_mentions"] == {"parse": []}
    assert "@everyone" not in body["content"]
    assert "[x](" not in body["content"]


def test_discord_tells_whose_wait_it_is():
    one = error_of(DISCORD, 429, {"retry_after": 1.5, "global": False}, {"retry-after": "2"})
    everybody = error_of(DISCORD, 429, {"retry_after": 64.57, "global": True})

    assert (one.retry_after_s, one.scope) == (1.5, "address")
    assert (everybody.retry_after_s, everybody.scope) == (64.57, "integration")


def test_teams_gets_a_card_with_links_as_actions():
    request = TEAMS.request(outbound())
    (attachment,) = json.loads(request.body)["attachments"]

    assert request.url == FLOW
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["body"] == [
        {"type": "TextBlock", "text": "**Новая запись**", "wrap": True},
        {"type": "TextBlock", "text": "Анна 21.11 15:00", "wrap": True},
    ]
    assert attachment["content"]["actions"] == [
        {"type": "Action.OpenUrl", "title": "Открыть", "url": "https://salon.example/a/1"}
    ]


@pytest.mark.parametrize(
    ("adapter", "limit"),
    [(SLACK, 40_000), (DISCORD, 2000), (TEAMS, 28 * 1024), (MATTERMOST, 16383)],
)
def test_a_long_alarm_is_cut_and_not_lost(adapter, limit):
    request = adapter.request(outbound(Content("ж*" * 20_000)))
    body = json.loads(request.body)

    assert len(body.get("text") or body.get("content") or request.body) <= limit


def test_mattermost_writes_to_the_channel_of_the_address():
    assert posted(MATTERMOST, address="#town-square")["channel"] == "town-square"
    assert posted(MATTERMOST)["text"].startswith("**Новая запись**\n")
    assert "channel" not in posted(MATTERMOST, address="https://other.example/hooks/x")


def test_ntfy_gets_title_tap_and_buttons():
    request = NTFY.request(outbound(address="salon1-staff"))

    assert request.url == "https://ntfy.sh/"
    assert request.headers["Authorization"] == "Bearer tk_1"
    assert json.loads(request.body) == {
        "topic": "salon1-staff",
        "title": "Новая запись",
        "message": "Анна 21.11 15:00",
        "click": "https://salon.example/a/1",
        "actions": [{"action": "view", "label": "Открыть", "url": "https://salon.example/a/1"}],
    }


def test_the_days_quota_of_ntfy_ends_at_midnight():
    error = error_of(NTFY, 429, {"code": 42908, "http": 429, "error": "limit reached"})

    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 14 * 3600
    assert error_of(NTFY, 429, {"code": 42901}).retry_after_s == 30.0


GONE = {
    "slack": HttpResponse(404, {}, b"no_service"),
    "discord": HttpResponse(404, {}, b'{"code":10015,"message":"Unknown Webhook"}'),
    "teams": HttpResponse(404, {}, b'{"error":{"code":"WorkflowNotFound"}}'),
    "mattermost": HttpResponse(400, {}, b'{"id":"web.incoming_webhook.invalid.app_error"}'),
}


@for_each("provider", HOOKS)
def test_a_dead_webhook_of_the_account_pauses_the_account(provider):
    with pytest.raises(ProviderPaused, match="make a new one"):
        walk(HOOKS[provider], outbound(), GONE[provider])


@for_each("provider", HOOKS)
def test_a_dead_webhook_of_one_person_is_switched_off_alone(provider):
    own = "https://hooks.example/of/anna"

    with pytest.raises(BadAddress) as caught:
        walk(HOOKS[provider], outbound(address=own), GONE[provider])

    assert caught.value.scope == "address"
    request = HOOKS[provider].request(outbound(address=own))
    assert request.url.startswith(own)
    assert "Authorization" not in request.headers


def test_a_channel_that_is_not_there_does_not_pause_the_account():
    missing = HttpResponse(404, {}, b'{"id":"web.incoming_webhook.channel.app_error"}')

    with pytest.raises(BadAddress):
        walk(MATTERMOST, outbound(), missing)


@for_each("provider", HOOKS)
def test_a_wait_of_the_accounts_webhook_is_everybodys(provider):
    throttled = HttpResponse(429, {"retry-after": "7"}, b"")

    with pytest.raises(RateLimited) as caught:
        walk(HOOKS[provider], outbound(), throttled)

    assert (caught.value.retry_after_s, caught.value.scope) == (7.0, "integration")


def test_a_bots_token_is_not_given_to_the_address_of_a_webhook():
    request = BOT.request(outbound(address=SLACK_HOOK))

    assert "Authorization" not in request.headers


@for_each("provider", HOOKS)
def test_a_webhook_can_be_reached_through_another_address(provider):
    credentials = {**HOOKS[provider].credentials, "api_base": "http://127.0.0.1:9/relay"}

    request = type(HOOKS[provider])(credentials).request(outbound())

    assert request.url.startswith("http://127.0.0.1:9/relay/")
    assert "secret" in request.url


PROBES = [
    (SLACK, HttpResponse(400, {}, b"no_text"), HttpResponse(404, {}, b"no_service")),
    (
        BOT,
        HttpResponse(200, {}, b'{"ok":true}'),
        HttpResponse(200, {}, b'{"ok":false,"error":"invalid_auth"}'),
    ),
    (DISCORD, HttpResponse(200, {}, b'{"id":"1"}'), GONE["discord"]),
    (NTFY, HttpResponse(200, {}, b'{"username":"x"}'), HttpResponse(401, {}, b"{}")),
]


@for_each("adapter, well, bad", PROBES)
def test_a_probe_posts_nothing_and_tells_a_dead_account(adapter, well, bad):
    assert not adapter.probe().sends
    adapter.read_probe(well)
    with pytest.raises((BadCredentials, ProviderPaused)):
        adapter.read_probe(bad)


def test_slack_needs_a_token_or_a_webhook():
    assert list(SlackAdapter.check({})) == ["token"]
    assert SlackAdapter.check({"token": "x"}) == SlackAdapter.check({"webhook_url": "x"}) == {}


@for_each("adapter", [*HOOKS.values(), NTFY])
def test_an_error_tells_no_secret(adapter):
    body = {"error": {"code": SLACK_HOOK}, "message": f"at {SLACK_HOOK}", "id": SLACK_HOOK}

    assert "secret" not in error_of(adapter, 400, body).detail
