"""No text keeps a process busy: what takes minutes where a pattern looks again from each place.

Each length is one that the product lets in; the bound is a hundred times what is needed.
"""

from __future__ import annotations

import contextlib
import logging
import time
from zoneinfo import ZoneInfo

from channels.adapters.email_batch import parts_of
from channels.adapters.generic_http_template import unknown_names
from channels.adapters.whatsapp_templates import BadDraft, Draft, compose
from channels.bounces import read_returned
from channels.provider_words import clean as clean_provider
from channels.smtp_answers import clean as clean_server
from config.logs import formatter
from notifications.rendering import Locale, RenderError, Source, check, compile_unit
from tests.for_each import for_each

TIME_S = 1.0  # of this thread
MOSCOW = Locale("ru", ZoneInfo("Europe/Moscow"))
ANSWER = 100_000  # characters that a provider may answer
VALUE = 19_900  # characters that a value may have
FIELD = 63_000  # characters that a field may have
FORM = 8_000  # characters that a field of an account may have
MOMENT, DATED = "2026-11-21T10:00:00+03:00", "{{ clientName | date: '" + "M" * 99 + "z' }}"
LINE = "\x01"  # makes a title one that has to be written on one line


def write_log(said: str) -> str:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, said, None, None)
    return formatter().format(record)


def title(value: str, template: str = "{{ clientName }}") -> str:
    unit = compile_unit(Source(body="x", title=template))
    return unit.render({"clientName": value}, MOSCOW).title


def report(diagnostic: str) -> bytes:
    """A report that a stranger writes: nobody has to know an id of ours to be read."""
    return (
        f"To: back+{'0' * 32}@salon.example\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n"
        f"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: {diagnostic}\n\n--b--\n"
    ).encode()


HOSTILE = {
    "a path in the log": lambda: write_log("Not Found: /" + "a" * 60_000),
    "addresses in the log": lambda: write_log("Not Found: /" + "a@" * 30_000),
    "blanks in a title": lambda: title(f"a{' ' * VALUE}b{LINE}b"),
    "lines in a title": lambda: title("a" + "\n " * (VALUE // 2) + "b"),
    "comments in a letter": lambda: parts_of("<!--" * 15_000),
    "styles in a letter": lambda: parts_of("<style " * 9_000),
    "a word of a provider's": lambda: clean_provider("a" * ANSWER),
    "a number of a provider's": lambda: clean_provider("+1" + "0" * ANSWER + "!"),
    "a word of a mail server's": lambda: clean_server(b"a" * ANSWER),
    "a date that can be cut in many ways": lambda: title(MOMENT, DATED),
    "blanks in a provider's form": lambda: unknown_names("{{" + " " * FORM),
    "braces in a provider's form": lambda: unknown_names("{{" * FORM),
    "blanks in a text for WhatsApp": lambda: compose(Draft(body="x {{ " + " " * FIELD + "x")),
    "a stranger's report": lambda: read_returned(report("a" * 400_000)),
    "a tag without an end": lambda: check(Source(body="{% if" + " " * FIELD), known=None),
    "a tag of blanks": lambda: check(Source(body="{{" + "\n" * FIELD), known=None),
}


@for_each("hostile", HOSTILE.values())
def test_a_hostile_text_costs_little(hostile):
    began = time.thread_time()

    with contextlib.suppress(RenderError, BadDraft):
        hostile()

    assert time.thread_time() - began < TIME_S
