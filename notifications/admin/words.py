"""How is a refusal told to a salon manager? In their language, with the place and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.refusals import Refusal

_QUOTED = re.compile(r"'([^']*)'")
#: code of a refusal -> sentence; %(name)s is what the refusal quotes.
SENTENCES: dict[str, Any] = {
    "empty": gettext_lazy("The text is empty."),
    "syntax": gettext_lazy("Something is wrong with the braces or the words inside: %(detail)s"),
    "handlebars": gettext_lazy("This is Handlebars; write it the Liquid way: %(detail)s"),
    "unknown_tag": gettext_lazy("There is no such command: %(detail)s"),
    "unknown_filter": gettext_lazy("There is no filter “%(name)s”."),
    "unknown_variable": gettext_lazy(
        "Nothing gives “%(name)s” a value: the workflow neither requires it nor has a default."
    ),
    "letter_syntax": gettext_lazy("The letter's tags do not fit together: %(detail)s"),
    "letter_forbidden": gettext_lazy("“%(name)s” is not allowed in a letter."),
    "letter_unknown_tag": gettext_lazy("MJML has no “%(name)s”."),
    "letter_address": gettext_lazy(
        "An address in “%(name)s” begins with https://, mailto: or tel:."
    ),
    "letter_lost_text": gettext_lazy(
        "Words directly in “%(name)s” would be lost: put them into <mj-text>."
    ),
    "letter_too_deep": gettext_lazy("Too many tags stand within each other."),
    "too_long": gettext_lazy("Too long: %(detail)s"),
    "bad_character": gettext_lazy("The text holds a character that cannot be sent."),
    "no_steps": gettext_lazy("Add at least one step."),
    "unknown_kind": gettext_lazy("There is no kind of step “%(name)s”."),
    "no_template": gettext_lazy("Choose the template that this step sends."),
    "no_duration": gettext_lazy('Say in the settings how long to wait: {"seconds": 3600}.'),
    "no_channels": gettext_lazy("Choose the channels that the fallback tries."),
    "two_digests": gettext_lazy("A workflow has one digest at most."),
    "setting_kind": gettext_lazy("The settings stand in braces: {}."),
    "setting_unknown": gettext_lazy("A step of this kind has no setting “%(name)s”."),
    "setting_missing": gettext_lazy("One setting is missing or stands twice: %(detail)s."),
    "setting_number": gettext_lazy("“%(name)s” is not a number that fits: %(detail)s."),
    "setting_choice": gettext_lazy("“%(name)s” is not one of the words: %(detail)s."),
    "setting_text": gettext_lazy("“%(name)s” is not what is needed there: %(detail)s."),
    "setting_path": gettext_lazy("“%(name)s” names what the payload schema lacks: %(detail)s."),
    "setting_step": gettext_lazy("“%(name)s” names no step that fits: %(detail)s."),
    "setting_expression": gettext_lazy("The condition cannot be read: %(detail)s."),
    "setting_clock": gettext_lazy("“%(name)s” is a time of day such as 18:00."),
    "setting_variants": gettext_lazy("Something is wrong with the variants: %(detail)s."),
    "unpublished_template": gettext_lazy("Publish the template “%(name)s” first."),
    "mk_priority": gettext_lazy("Marketing goes out at normal or low priority only."),
    "bad_schema": gettext_lazy("This is not a JSON Schema: %(detail)s"),
    "unknown_integration": gettext_lazy("There is no account “%(name)s” among the integrations."),
    "schema_required": gettext_lazy(
        "“%(name)s” was not required so far: what is sent today would be refused. Give it a default"
        " value, or publish under a new identifier."
    ),
    "schema_narrowed": gettext_lazy(
        "“%(name)s” takes less than before: what is sent today could be refused. Allow what was"
        " allowed, or publish under a new identifier."
    ),
    "schema_removed": gettext_lazy(
        "“%(name)s” is gone, but texts that are sent today use it. Change and publish the texts"
        " first."
    ),
    "four_eyes_own": gettext_lazy(
        "You wrote this draft: somebody else must look at it and publish it."
    ),
    "four_eyes_unsent": gettext_lazy("Send the draft for review first."),
    "four_eyes_nobody": gettext_lazy("Here a person publishes, not a program."),
}
LANGUAGE_NAMES = {"ru": gettext_lazy("Russian"), "en": gettext_lazy("English")}


def sentence(problem: Refusal) -> str:
    """Say one refusal in the reader's language, with its line when there are several."""
    quoted = _QUOTED.findall(problem.message)  # the last: a template's name may stand before
    words = str(SENTENCES.get(problem.code, "%(detail)s")) % {
        "name": quoted[-1] if quoted else "",
        "detail": problem.message,
    }
    if problem.line > 1:
        return _("Line %(line)s. %(words)s") % {"line": problem.line, "words": words}
    return words


def with_place(problem: Refusal) -> str:
    """Say one refusal with its place: the step, the language."""
    place = problem.field.split(".")[1] if problem.field.startswith("steps.") else ""
    names = [place, str(LANGUAGE_NAMES.get(problem.language, ""))]
    prefix = ", ".join(name for name in names if name)
    return f"{prefix}: {sentence(problem)}" if prefix else sentence(problem)


def told(problems: Iterable[Refusal]) -> list[str]:
    """Say all refusals with their places, each once."""
    return list(dict.fromkeys(map(with_place, problems)))
