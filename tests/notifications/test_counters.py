"""A counter behaves as its model does, whatever is taken, given back and forgotten, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.limits import Need, key_of, release, reserve
from tenants.scope import batch_scope
from tests.depth import DEPTH
from tests.notifications.conftest import change, look

DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.tuples(st.just("give"), st.integers(1, 3)),
        st.just(("end", 0)),
        st.tuples(st.just("limit"), st.integers(0, 5)),
    ),
    max_size=8,
)


@settings(
    max_examples=20 * DEPTH,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(limit=st.integers(0, 5), deeds=DEEDS)
def test_a_counter_never_gives_more_than_its_limit_nor_less_than_is_left(salon, limit, deeds):
    key, used = key_of(uuid4().hex), 0
    ends_at = datetime.now(UTC) + timedelta(hours=1)

    def needs(count):
        return [Need(n, salon.pk, key, limit, ends_at, "test") for n in range(count)]

    for deed, count in deeds:
        match deed:
            case "take":
                with batch_scope([salon.pk]):
                    refused = reserve(needs(count))
                granted = min(count, max(0, limit - used))
                assert sorted(refused) == list(range(granted, count))
                used += granted
            case "give":
                with batch_scope([salon.pk]):
                    release(needs(min(count, used)))
                used -= min(count, used)
            case "limit":
                limit = count
            case _:
                change("update notifications_counter set ends_at = now() where id = %s", [key])
                used = 0
    stored = look("select used from notifications_counter where id = %s and ends_at > now()", [key])
    assert stored in ([], [(used,)])
