"""Each API call is counted once, under its view, method and status."""

from __future__ import annotations

from prometheus_client import REGISTRY

from tests.api_client import Api

VIEW = "notifications.api.events.TriggerView"


def counted(name: str, **labels) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_call_is_counted_with_its_view_its_status_and_its_time():
    by_view = "django_http_responses_total_by_status_view_method_total"
    latency = "django_http_requests_latency_seconds_by_view_method_count"
    before = (
        counted(by_view, status="401", view=VIEW, method="POST"),
        counted(latency, view=VIEW, method="POST"),
    )

    Api("").post("/v1/events/trigger", {})

    after = (
        counted(by_view, status="401", view=VIEW, method="POST"),
        counted(latency, view=VIEW, method="POST"),
    )
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1]


def test_an_unknown_address_is_counted_too():
    name = "django_http_requests_before_middlewares_total"
    before = counted(f"{name}_total") or counted(name)

    assert Api("").get("/v1/nowhere").status_code == 404

    assert (counted(f"{name}_total") or counted(name)) == before + 1
