"""No template exhausts the process: each bomb ends as an error, soon and in little memory."""

from __future__ import annotations

import time
import tracemalloc
from zoneinfo import ZoneInfo

import pytest

from notifications.rendering import Locale, RenderError, Source, check, compile_unit
from tests.for_each import for_each

MOSCOW = Locale("ru", ZoneInfo("Europe/Moscow"))
TIME_S = 5.0  # of this thread, traced and on a busy machine; a bomb takes minutes
MEMORY_BYTES = 16_000_000
CONTEXT = {
    "s": "x" * 1000,
    "big": "9" * 4000,
    "list": list(range(900)),
    "n": 10**14,
    "f": 1e300,
    "long": "x" * 19_000,
    "pairs": [["a", "b"]] * 900,
}
LOOP = "{% for a in (1..1000) %}"
END = "{% endfor %}"

BOMBS = {
    "append doubling": "{% assign a = s %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}",
    "prepend doubling": "{% assign a = s %}" + "{% assign a = a | prepend: a %}" * 40 + "{{ a }}",
    "append chain": "{{ s" + " | append: s" * 60 + " }}",
    "replace chain": "{{ 'a'" + " | replace: 'a', 'aaaaaaaaaa'" * 20 + " }}",
    "replace empty": "{{ s" + " | replace: '', s" * 4 + " }}",
    "replace_first chain": "{{ s" + " | replace_first: 'x', s" * 60 + " }}",
    "replace doubling": "{% assign a = s %}" + "{% assign a = a | replace: 'x', a %}" * 9,
    "append chain behind its size": "{{ s" + " | append: s" * 25 + " | size }}",
    "join long separator": "{{ list | join: s }}",
    "join longest separator": "{{ list | join: long }}",
    "split and join": "{{ s | split: '' | join: s }}",
    "split and join chain": "{{ s" + " | split: '' | join: 'xxx'" * 10 + " }}",
    "concat doubling": "{% assign a = list %}" + "{% assign a = a | concat: a %}" * 30 + "{{ a }}",
    "concat of long texts": "{% assign a = s | split: '-' %}"
    + "{% assign a = a | concat: a %}" * 9
    + "{{ a | join: '' }}",
    "printed list of long texts": "{% assign a = s | split: '-' %}"
    + "{% assign a = a | concat: a %}" * 9
    + "{{ a }}",
    "where over lists": LOOP + "{% assign a = pairs | where: 'a', 'b' %}" + END,
    "nested loops": LOOP * 6 + "x" + END * 6,
    "loops one after another": (LOOP + END) * 1500,
    "loop over loop": (LOOP + "{% for b in list %}x" + END + END),
    "huge range": "{% for a in (1..999999999) %}x{% endfor %}",
    "huge range joined": "{{ (1..999999999) | join }}",
    "huge range sorted": "{{ (1..999999999) | sort | size }}",
    "huge range skipped": "{% for a in (1..999999999) offset: 999999990 limit: 1 %}{% endfor %}",
    "huge range searched": "{% if (1..999999999) contains 'a' %}{% endif %}",
    "huge range assigned": "{% assign a = (1..999999999) %}{% for b in a %}x{% endfor %}",
    "huge range in case": "{% case (1..999999999) %}{% when 'a' %}{% endcase %}",
    "huge range from values": "{% for a in (1..n) %}{% endfor %}",
    "beyond machine words": "{{ (1..99999999999999999999999) | size }}",
    "times": "{% assign a = 10 %}" + "{% assign a = a | times: a %}" * 40 + "{{ a }}",
    "times of text": "{{ big | times: big | times: big }}",
    "float overflow": "{{ f | times: f | ceil }}",
    "power chain": "{{ n" + " | times: n" * 100 + " }}",
    "integer literal": "{{ " + "9" * 5000 + " | plus: 1 }}",
    "deep blocks": "{% if s %}" * 200 + "x" + "{% endif %}" * 200,
    "deep conditions": "{% if s" + " and s" * 9000 + " %}x{% endif %}",
    "deep paths": "{{ s" + "[s" * 5000 + "]" * 5000 + " }}",
    "recursion by include": "{% include 'self' %}",
    "recursion by render": "{% render 'self' %}",
    "macro": "{% macro a %}{% call a %}{% endmacro %}{% call a %}",
    "capture doubling": "{% capture a %}xx{% endcapture %}" * 20,
    "long output": "{{ s }}" * 100,
    "long literal output in a loop": LOOP + "x" * 1000 + END,
    "assigns in a loop": LOOP + "{% assign a = s %}" * 20 + END,
    "many assigns": "{% assign a = s %}" * 3000,
    "many filters in a loop": LOOP + "{{ s" + " | upcase | downcase" * 30 + " | slice: 0 }}" + END,
    "date width": "{{ '2026-01-01' | date: '%999999999d' }}",
    "truncate to more": "{{ s | truncate: 99999999999999999999, s | append: s | plus: s }}{{ q }}",
    "tablerow": "{% tablerow a in (1..999999999) cols: 999999999 %}x{% endtablerow %}",
    "cycle and increment": LOOP + "{% increment a %}" + END,
}  # fmt: skip


@for_each("name", BOMBS)
def test_a_bomb_ends_as_an_error_soon_and_in_little_memory(name):
    source = Source(BOMBS[name])
    tracemalloc.start()
    started = time.thread_time()
    try:
        with pytest.raises(RenderError):
            compile_unit.__wrapped__(source).render(CONTEXT, MOSCOW)
        spent = time.thread_time() - started
        memory = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert spent < TIME_S
    assert memory < MEMORY_BYTES


SLOW_TO_PARSE = {
    "open braces": "{{" * 32_000,
    "open tags": "{%" * 32_000,
    "open raw": "{% raw %}" * 7_000,
    "open comments": "{% comment %}" * 4_900,
    "open doc": "{% doc %}" * 7_000,
    "pipes": "{{ a " + "|" * 60_000 + " }}",
    "spaces": "{{ a " + "| " * 20_000 + "( }}",
    "spaces only": "{{ a |" + " " * 60_000 + "}}",
    "calls": "{{ a " + "|b(" * 20_000 + " }}",
    "quotes": "{{ a " + "'" * 60_001 + " }}",
    "dots": "{{ a" + "." * 60_000 + " }}",
    "dashes": "{{-" * 20_000,
    "else": "{{else" + " " * 60_000,
    "spaces inside": ("{{ a" + " " * 990 + "b }}") * 64,
    "tags after raw": "{% raw %}x{% endraw %}" * 2_900,
    "one long variable": "{{ a" + " " * 60_000 + "b }}",
    "many variables": "{{ a }}" * 9_000,
    "percent": "%" * 60_000 + "{{ s | date: '" + "%" * 3_000 + "' }}",
}


@for_each("name", SLOW_TO_PARSE)
def test_no_text_is_slow_to_parse(name):
    source = Source(SLOW_TO_PARSE[name][:64_000])

    started = time.thread_time()
    problems = check(source, known=None)

    assert time.thread_time() - started < TIME_S
    assert problems or name == "percent"


@for_each("value", ["<" * 19_000, "<!" * 9_500, "<a " * 6_000, "&" * 19_000])
def test_no_value_is_slow_to_filter(value):
    started = time.thread_time()
    for name in ("strip_html", "escape_once", "squish", "truncatewords", "uniq", "split: '<'"):
        unit = compile_unit(Source("{{ v | " + name + " | size }}"))
        try:
            unit.render({"v": value}, MOSCOW)
        except RenderError:
            continue

    assert time.thread_time() - started < TIME_S


def test_ordinary_loops_and_assigns_stay_far_below_the_limits():
    body = (
        "{% assign total = 0 %}{% for v in visits %}{{ v.name | upcase }} "
        "{% assign total = total | plus: v.price %}{% endfor %}{{ total }}"
    )
    visits = [{"name": "стрижка", "price": 100} for _ in range(50)]

    rendered = compile_unit(Source(body)).render({"visits": visits}, MOSCOW).body

    assert rendered.endswith(" 5000")


def test_a_value_longer_than_the_limit_is_refused_with_its_name():
    with pytest.raises(RenderError) as caught:
        compile_unit(Source("{{ note }}")).render({"note": "я" * 20_001}, MOSCOW)

    assert caught.value.variable == "note"


def test_a_source_longer_than_the_limit_is_refused():
    with pytest.raises(RenderError, match="64000"):
        compile_unit(Source("x" * 64_001))
