"""What is wrong with the settings of a step? One table: kind of step, setting, rule.

Kinds that are not named here take any settings; `on_failure` goes with every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from notifications.conditions import unknown_names
from notifications.definition import CONTINUE, STOP
from notifications.liquid.faults import RenderError
from notifications.models import StepKind

YEAR_S: Final = 366 * 86_400
MONTH_S: Final = 31 * 86_400  # what a digest gathers must not outlive its messages' log


@dataclass(frozen=True, slots=True)
class Flow:
    """Where a step stands. payload: keys that the schema names; None when anything may come.

    senders: earlier steps that say something to the client; next_sends: the step behind does.
    templates: keys of the salon's. expires_after_s: of the workflow.
    """

    earlier: Collection[str] = ()
    later: Collection[str] = ()
    senders: Collection[str] = ()
    next_sends: bool = False
    payload: Collection[str] | None = None
    templates: Collection[str] = ()
    expires_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to correct; code is stable, message English and quotes the setting."""

    code: str
    setting: str
    message: str


Found = tuple[str, str] | None  # code and what is wrong
Rule = Callable[[Any, Flow], Found]


def step_faults(kind: str, settings: Any, flow: Flow) -> Iterator[Fault]:
    """List what is wrong with a step's settings."""
    if not isinstance(settings, dict):
        yield Fault("setting_kind", "", "the settings are an object")
        return
    rules = _RULES.get(kind)
    for name in settings if rules is not None else ("on_failure",):
        rule = {**(rules or {}), "on_failure": _one_of(STOP, CONTINUE)}.get(name)
        if rule is None:
            message = f"a step of kind {kind} has no setting '{name}'"
            yield Fault("setting_unknown", name, message)
        elif name in settings and (found := rule(settings[name], flow)):
            yield Fault(found[0], name, f"'{name}' {found[1]}")
    if kind == StepKind.DELAY and not settings.keys() & {"seconds", "until", "working_hours"}:
        yield Fault("no_duration", "", 'a delay says how long it is: {"seconds": 3600}')
    for names in _NEEDED.get(kind, ()):
        if sum(name in settings for name in names) != 1:
            words = " or ".join(f"'{name}'" for name in names)
            yield Fault("setting_missing", names[0], f"{words} is missing, or there are several")


def settings_of(kind: str) -> Collection[str]:
    """Name what a step of this kind may be told."""
    return _RULES.get(kind, {}).keys()


def _number(low: float, high: float) -> Rule:
    def rule(value: Any, _flow: Flow) -> Found:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and low <= value <= high:
            return None
        return "setting_number", f"is a number from {low:g} to {high:g}"

    return rule


def _whole(low: int, high: int) -> Rule:
    def rule(value: Any, _flow: Flow) -> Found:
        if type(value) is int and low <= value <= high:
            return None
        return "setting_number", f"is a whole number from {low} to {high}"

    return rule


def _window(value: Any, flow: Flow) -> Found:
    """A window that outlives the workflow's messages would gather what nobody is told."""
    if flow.expires_after_s and isinstance(value, int | float) and value >= flow.expires_after_s:
        return "setting_number", f"is less than {flow.expires_after_s}, when messages expire"
    return _number(1, MONTH_S)(value, flow)


def _one_of(*words: str) -> Rule:
    def rule(value: Any, _flow: Flow) -> Found:
        return None if value in words else ("setting_choice", f"is {' or '.join(words)}")

    return rule


def _flag(value: Any, _flow: Flow) -> Found:
    return None if isinstance(value, bool) else ("setting_choice", "is true or false")


def _names(value: Any, _flow: Flow) -> Found:
    """Say what a list of accounts is; publishing asks whether they are there."""
    return None if isinstance(value, list) else ("setting_text", "is a list of identifiers")


def _text(value: Any, _flow: Flow) -> Found:
    is_text = isinstance(value, str) and 0 < len(value) <= 1_000 and "\0" not in value
    return None if is_text else ("setting_text", "is a text of at most 1000 characters")


def _path(value: Any, flow: Flow) -> Found:
    """A dotted name of the payload; its first part must be one that the schema knows."""
    names = value.removeprefix("payload.").split(".") if isinstance(value, str) else [""]
    if not all(names) or (flow.payload is not None and names[0] not in flow.payload):
        return "setting_path", "names a value that the payload schema declares"
    return None


def _later(*words: str) -> Rule:
    """The word, or the key of a step that comes later: a workflow never goes in circles."""

    def rule(value: Any, flow: Flow) -> Found:
        if isinstance(value, str) and (value in words or value in flow.later):
            return None
        return "setting_step", f"is {', '.join(words)} or the key of a later step"

    return rule


def _sender(value: Any, flow: Flow) -> Found:
    is_known = isinstance(value, str) and value in flow.senders
    return None if is_known else ("setting_step", "is the key of an earlier step that sends")


def _expression(value: Any, flow: Flow) -> Found:
    if not isinstance(value, str) or not value.strip():
        return "setting_expression", "is a condition such as payload.total > 100"
    try:
        unknown = sorted(set(unknown_names(value, flow.earlier, flow.payload)))
    except RenderError as error:
        return "setting_expression", f"cannot be read: {error.message}"
    if unknown:
        return "setting_path", f"asks for {unknown[0]}, which nothing gives a value"
    return None


def _clocks(value: Any, _flow: Flow) -> Found:
    times = value if isinstance(value, list) else [value]
    try:
        is_sound = bool(times) and all(time.fromisoformat(one).tzinfo is None for one in times)
    except (TypeError, ValueError):
        is_sound = False
    return None if is_sound else ("setting_clock", 'is a time of day such as "18:00", or several')


def _actions(value: Any, _flow: Flow) -> Found:
    is_sound = isinstance(value, list) and value and all(isinstance(one, str) for one in value)
    return None if is_sound else ("setting_text", 'is a list of actions such as ["confirm"]')


def _variants(value: Any, flow: Flow) -> Found:
    if not isinstance(value, list) or len(value) < 2:
        return "setting_variants", "is a list of at least two variants"
    keys = [one.get("key") if isinstance(one, dict) else None for one in value]
    if not all(isinstance(key, str) and 0 < len(key) <= 64 for key in keys):
        return "setting_variants", "gives each variant a key"
    if len(set(keys)) < len(keys):
        return "setting_variants", "gives each variant a key of its own"
    return next(filter(None, (_variant(one, flow) for one in value)), None)


def _variant(one: Mapping[str, Any], flow: Flow) -> Found:
    rules: Mapping[str, Rule] = {
        "key": _text,
        "weight": _number(0.001, 1_000_000),
        "goto": _later(STOP, CONTINUE),
        "template": _template,
    }
    place = f"variant {one['key']}:"
    if unknown := sorted(one.keys() - rules.keys()):
        return "setting_variants", f"{place} there is no {unknown[0]}"
    if "weight" not in one or {"goto", "template"} <= one.keys():
        return "setting_variants", f"{place} has a weight, and goto or template at most"
    for name, value in one.items():
        if found := rules[name](value, flow):
            return "setting_variants", f"{place} {name} {found[1]}"
    return None


def _template(value: Any, flow: Flow) -> Found:
    if value not in flow.templates:
        return "setting_text", "is the key of a template of the salon"
    return None if flow.next_sends else ("setting_step", "is for the step behind, which must send")


_RULES: Final[Mapping[str, Mapping[str, Rule]]] = {
    StepKind.DELAY.value: {
        "seconds": _number(0.001, YEAR_S),
        "until": _path,
        "offset_s": _number(-YEAR_S, YEAR_S),
        "late": _one_of("skip", "now"),
        "working_hours": _flag,
    },
    StepKind.CONDITION.value: {"if": _expression, "else": _later("skip")},
    StepKind.THROTTLE.value: {
        "limit": _whole(1, 1_000_000),
        "window_s": _number(1, YEAR_S),
        "key": _path,
    },
    StepKind.AB_SPLIT.value: {"variants": _variants},
    StepKind.DIGEST.value: {"window_s": _window, "until": _clocks, "key": _path},
    StepKind.WAIT_FOR_REPLY.value: {
        "timeout_s": _number(1, YEAR_S),
        "until": _path,
        "offset_s": _number(-YEAR_S, YEAR_S),
        "actions": _actions,
        "on_reply": _later(STOP, CONTINUE),
        "on_timeout": _later(STOP, CONTINUE),
    },
    StepKind.FALLBACK.value: {
        "of": _sender,
        "when": _one_of("not_delivered", "not_read", "failed"),
        "after_s": _number(0, MONTH_S),
        "integrations": _names,
    },
    StepKind.ESCALATE.value: {"deadline_s": _number(60, YEAR_S), "text": _text},
}
#: Of each group exactly one.
_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    StepKind.CONDITION.value: (("if",),),
    StepKind.THROTTLE.value: (("limit",), ("window_s",)),
    StepKind.AB_SPLIT.value: (("variants",),),
    StepKind.DIGEST.value: (("window_s", "until"),),
    StepKind.WAIT_FOR_REPLY.value: (("timeout_s", "until"),),
    StepKind.FALLBACK.value: (("of",), ("when",)),
}
