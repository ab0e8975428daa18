"""What does a provider report that is described by a form?

By GET or POST; a query, a form, or JSON: one report or a list of them. callback_id_path and
callback_state_path say where a report's values stand, callback_states what its words mean. Nothing
is signed: the address is secret, and a password may be asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from channels.adapters.callback_reading import (
    MESSAGE,
    digest,
    fields_of,
    json_of,
    prove,
    prove_password,
    raw_of,
)
from channels.adapters.fates import BY_WORD, Report
from channels.adapters.generic_http_form import texts_of
from channels.adapters.generic_http_template import at_path, word_of
from channels.told import Callback, Told


def events(callback: Callback, form: Mapping[str, str]) -> Sequence[Told]:
    """Verify and translate; raises BadSignature, also where the form wants no reports."""
    prove_password(callback, form.get("callback_password", ""))
    prove(bool(form.get("callback_states")))
    return list(_told(callback, form))


def _told(callback: Callback, form: Mapping[str, str]) -> Iterator[Told]:
    meanings = texts_of(form["callback_states"]) or {}
    named = callback.query.get(MESSAGE, "")
    for report in _reports(callback):
        number = word_of(at_path(report, form.get("callback_id_path", "")))
        word = word_of(at_path(report, form.get("callback_state_path", "")))
        fate = BY_WORD.get(meanings.get(word, ""))
        if fate and (number or named):
            key, raw = digest(named, number, word), raw_of(state=word)
            yield Report(key, number, raw, message_id=named or number).told(fate)


def _reports(callback: Callback) -> list[object]:
    told = json_of(callback.body)
    if isinstance(told, list):
        return told
    return [told if isinstance(told, dict) else fields_of(callback)]
