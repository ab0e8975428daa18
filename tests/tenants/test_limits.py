"""A salon's limits are refused by name when they could not be kept; nothing is saved then."""

from __future__ import annotations

import pytest

from tenants.accounts import issue_platform_key
from tenants.limits import RULES, USUAL, faults
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.api_client import Api

BAD = [
    ({"tx_per_day": "many"}, "limits.tx_per_day"),
    ({"tx_per_day": True}, "limits.tx_per_day"),
    ({"mk_per_day": -1}, "limits.mk_per_day"),
    ({"per_hour": 2.5}, "limits.per_hour"),
    ({"mk_per_window": 10**12}, "limits.mk_per_window"),
    ({"mk_window_days": 400}, "limits.mk_window_days"),
    ({"same_text_minutes": None}, "limits.same_text_minutes"),
    ({"quiet": "21:00-09:00"}, "limits.quiet"),
    ({"quiet": ["21:00"]}, "limits.quiet"),
    ({"quiet_tx": ["25:00", "09:00"]}, "limits.quiet_tx"),
    ({"quiet": ["21:00", "09:00+03:00"]}, "limits.quiet"),
    ({"tx_a_day": 1}, "limits.tx_a_day"),
    ([], "limits"),
    (None, "limits"),
]


@pytest.fixture
def platform() -> Api:
    return Api(issue_platform_key("operator")[1])


def test_the_operator_sets_limits_and_reads_them(salon, platform):
    wanted = {"tx_per_day": 5000, "quiet": ["22:00", "08:30"], "mk_window_days": 0}

    answer = platform.patch(f"/v1/tenants/{salon.slug}", {"limits": wanted})

    assert answer.json()["data"]["limits"] == wanted
    assert platform.get(f"/v1/tenants/{salon.slug}").json()["data"]["limits"] == wanted


@pytest.mark.parametrize(("limits", "field"), BAD)
def test_a_limit_that_could_not_be_kept_is_refused_by_its_name(salon, platform, limits, field):
    answer = platform.patch(f"/v1/tenants/{salon.slug}", {"limits": limits})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    with tenant_scope(salon.pk):
        assert Tenant.objects.get(pk=salon.pk).limits == {}


def test_what_holds_as_usual_keeps_its_own_rules():
    said = {name: list(v) if isinstance(v, tuple) else v for name, v in USUAL.items()}
    said["quiet_tx"] = ["00:00", "00:00"]

    assert faults(said) == {}
    assert USUAL.keys() == RULES.keys()
