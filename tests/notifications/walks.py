"""Any workflow, and anything that may happen around it: what hypothesis draws its walks from."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.notifications.flows import chat, sms

CHANNELS = ("sms", "chat", "email", "in_app")
SILENT = ("delay", "throttle", "condition", "ab_split", "wait_for_reply", "escalate", "digest")
#: What may happen between two looks of a worker.
DEEDS = (
    *("go_on", "go_on", "press", "cancel", "again", "publish"),
    *("failed", "delivered", "read", "suspend", "down", "refuse"),
)
CONDITIONS = ("total > 3", "total > 30", "steps.{of}.state == 'sent'", "steps.{of}.state != 'read'")


@st.composite
def flows(draw) -> list[Any]:
    """Draw the steps of a workflow that publishes: two to six, of any kind."""
    kinds = draw(
        st.lists(st.sampled_from([*CHANNELS, *SILENT[:-1], "fallback"]), min_size=1, max_size=5)
    )
    if draw(st.booleans()):
        kinds.insert(draw(st.integers(0, len(kinds))), "digest")
    steps: list[Any] = []
    for place, kind in enumerate(kinds):
        steps.append(_step(draw, kind, f"s{place}", steps, "last"))
    return [*steps, sms("Итог {{ digest.count }}", "last")]


def _step(draw, kind: str, key: str, steps: list[Any], later: str) -> Any:
    if kind in CHANNELS:
        return _message(kind, key)
    senders = [one[0] for one in steps if one[1] not in SILENT]
    if kind == "fallback" and senders:
        when = draw(st.sampled_from(["not_delivered", "not_read", "failed"]))
        found = {
            "of": draw(st.sampled_from(senders)),
            "when": when,
            "after_s": 3600,
        }  # no pause is longer
        return (key, kind, found, {"channels": ["sms"], "body": f"Запас {key}"})
    if kind == "fallback":
        return (key, "delay", {"seconds": 60})
    return (key, kind, _settings(draw, kind, [one[0] for one in steps], later))


def _message(kind: str, key: str) -> Any:
    if kind in ("sms", "chat"):
        return (sms if kind == "sms" else chat)(f"Текст {key}?", key)
    return (key, kind, {}, {"channels": [kind], "body": f"Текст {key}"})


def _settings(draw, kind: str, earlier: list[str], later: str) -> dict[str, Any]:
    where = st.sampled_from(["stop", "continue", later])
    asked = draw(st.sampled_from(CONDITIONS if earlier else CONDITIONS[:2]))
    given = {"if": asked.format(of=earlier[0] if earlier else "")}
    return {
        "delay": {"seconds": 60},
        "digest": {"window_s": 60},
        "throttle": {"limit": 1, "window_s": 3600},
        "condition": given | draw(st.sampled_from([{}, {"else": later}])),
        "ab_split": {"variants": [{"key": k, "weight": 1, "goto": draw(where)} for k in "ab"]},
        "wait_for_reply": {"timeout_s": 60, "on_reply": draw(where)},
        "escalate": {},
    }[kind]
