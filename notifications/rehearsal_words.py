"""How is a rehearsal told? In the words of a real story, with each text as the client reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from notifications.rehearsal import Rehearsal, Turn
from notifications.story_words import tell_line
from tenants.bodies import iso

_UNTIL = {"ru": "до {when}", "en": "until {when}"}
STATUSES: Mapping[str, Mapping[str, str]] = {
    "trigger_not_active": {
        "ru": "Сценарий выключен: ничего не уйдёт.",
        "en": "The workflow is switched off: nothing would be sent.",
    },
    "no_workflow_steps_defined": {
        "ru": "Сценарий ещё не опубликован: ничего не уйдёт.",
        "en": "The workflow has not been published yet: nothing would be sent.",
    },
}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One turn in words. clock: when, in the salon's zone."""

    clock: str
    step: str
    words: str
    address: str
    title: str
    text: str
    buttons: tuple[str, ...]


def paragraphs(told: Rehearsal, language: str, zone: ZoneInfo) -> list[Paragraph]:
    """Say each turn; language: "ru" or "en"."""
    return [_paragraph(turn, language, zone) for turn in told.turns]


def status_words(told: Rehearsal, language: str) -> str:
    """Say why there is no path; empty when there is one."""
    return STATUSES.get(told.status, {}).get(language, "")


def as_lines(told: Rehearsal, language: str, zone: ZoneInfo) -> list[str]:
    """Say all of it for a terminal."""
    lines = [status_words(told, language)] if not told.turns else []
    for one in paragraphs(told, language, zone):
        lines.append(f"{one.clock} [{one.step}] {one.words} {one.address}".rstrip())
        said = [one.title, *one.text.splitlines(), *(f"[{button}]" for button in one.buttons)]
        lines += [f"    {text}" for text in said if text]
    return lines


def rehearsal_shape(told: Rehearsal) -> dict[str, Any]:
    """Say all of it for a program: the API and --json."""
    return {
        "status": told.status,
        "state": told.state,
        "steps": [_turn_shape(turn) for turn in told.turns],
    }


def _turn_shape(turn: Turn) -> dict[str, Any]:
    line = turn.line
    shown = {
        "stepId": line.step,
        "type": turn.kind,
        "at": iso(line.time),
        "outcome": line.status,
        "reason": line.reason,
        "detail": line.detail,
        "until": iso(turn.until) if turn.until else "",
        "channel": line.channel,
        "providerId": line.provider,
        "address": line.address,
        "language": line.language,
        "title": line.title,
        "body": line.text,
        "buttons": list(turn.buttons),
    }
    return {name: value for name, value in shown.items() if value}


def _paragraph(turn: Turn, language: str, zone: ZoneInfo) -> Paragraph:
    line = turn.line
    words = tell_line(line, language, zone)
    if turn.until is not None:
        when = f"{turn.until.astimezone(zone):%d.%m.%Y %H:%M}"
        words = f"{words}, {_UNTIL[language].format(when=when)}"
    return Paragraph(
        clock=f"{line.time.astimezone(zone):%d.%m.%Y %H:%M}",
        step=line.step,
        words=words,
        address=line.address,
        title=line.title,
        text=line.text,
        buttons=tuple(str(button.get("text", "")) for button in turn.buttons),
    )
