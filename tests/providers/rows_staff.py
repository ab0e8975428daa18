"""Where staff works: what each fault must mean (facts about providers, section 4)."""

from __future__ import annotations

from collections.abc import Callable

from tests.providers import staff
from tests.providers.table import (
    AUTH,
    CONTENT,
    HOOKS,
    NETWORK,
    NOBODY,
    PAUSE,
    RETRY,
    RETRY_AFTER,
    SENT,
    Credentials,
    Row,
    but,
)

#: A recipient without a webhook of its own gets the account's.
TOWN = {"wrong_credentials": "town-square"}


def _account(hook: str) -> Credentials:
    return lambda base: {"webhook_url": hook, "api_base": base}


def _own(hook: str) -> Callable[[int], str]:
    return lambda number: hook.format(number)


def _number(address: str) -> str:
    return address.rpartition("-")[2]


def _second(address: str) -> str:
    return address.rpartition("/")[0].rpartition("/")[2]


SLACK = f"https://hooks.slack.com{staff.SlackHook.hook}{{}}"
DISCORD = f"https://discord.com/api/webhooks/{{}}/{staff.Discord.token}"
TEAMS = f"https://prod-1.logic.azure.com/workflows/w-{{}}/x?sig={staff.Teams.signature}"
MATTERMOST = f"https://chat.example{staff.Mattermost.hook}{{}}"


def _slack(base: str) -> dict[str, str]:
    return {"token": staff.Slack.token, "api_base": base}


def _ntfy(base: str) -> dict[str, str]:
    return {"token": staff.Ntfy.token, "api_base": base}


ROWS: dict[str, Row] = {
    "slack": Row(
        staff.Slack,
        _slack,
        but(_slack, token="WRONG"),
        lambda number: f"C01234567{number:02}",
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "content": CONTENT,
            "too_long": CONTENT,
            "gone": NOBODY,
            "archived": NOBODY,
            "stranger": NOBODY,
            "revoked": AUTH,
            "inactive": AUTH,
            "scope": AUTH,
        },
        waits={"throttle": 9},
        per_address=frozenset({"throttle"}),
    ),
    "slack_hook": Row(
        staff.SlackHook,
        _account(SLACK.format(99)),
        _account("https://hooks.slack.com/services/T0000/B0000/WRONG"),
        _own(SLACK),
        HOOKS
        | {
            "wrong_credentials": AUTH,
            "throttle": RETRY_AFTER,
            "content": CONTENT,
            "no_text": CONTENT,
            "gone": NOBODY,
            "no_service": NOBODY,
            "archived": NOBODY,
            "prohibited": PAUSE,
        },
        waits={"throttle": 30},
        recipient=_number,
        addresses=TOWN,
        provider="slack",
        per_address=frozenset({"throttle"}),
    ),
    "discord": Row(
        staff.Discord,
        _account(DISCORD.format(99)),
        _account("https://discord.com/api/webhooks/99/WRONG"),
        _own(DISCORD),
        HOOKS
        | {
            "gateway": RETRY,
            "throttle": RETRY_AFTER,
            "throttle_all": RETRY_AFTER,
            "content": CONTENT,
            "too_long": CONTENT,
            "gone": NOBODY,
        },
        waits={"throttle": 1.5, "throttle_all": 64.57},
        recipient=_second,
        addresses=TOWN,
        per_address=frozenset({"throttle"}),
    ),
    "teams": Row(
        staff.Teams,
        _account(TEAMS.format(99)),
        _account("https://prod-1.logic.azure.com/workflows/w-99/x?sig=WRONG"),
        _own(TEAMS),
        HOOKS
        | {
            "garbage": SENT,  # a 202 has no body
            "throttle": RETRY_AFTER,
            "content": CONTENT,
            "gone": NOBODY,
        },
        waits={"throttle": 15},
        recipient=_second,
        addresses=TOWN,
        per_address=frozenset({"throttle"}),
    ),
    "mattermost": Row(
        staff.Mattermost,
        _account(MATTERMOST.format(99)),
        _account("https://chat.example/hooks/WRONG"),
        _own(MATTERMOST),
        HOOKS
        | {
            "throttle": RETRY_AFTER,
            "content": CONTENT,
            "gone": NOBODY,
            "locked": CONTENT,
            "disabled": PAUSE,
        },
        waits={"throttle": 7},
        recipient=_number,
        addresses=TOWN,
        per_address=frozenset({"throttle"}),
    ),
    "ntfy": Row(
        staff.Ntfy,
        _ntfy,
        but(_ntfy, token="tk_WRONG"),
        lambda number: f"salon-staff-{number}",
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "quota": RETRY_AFTER,
            "content": CONTENT,
            "too_large": CONTENT,
            "forbidden": AUTH,
        },
    ),
}
