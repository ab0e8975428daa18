"""The compiled plan gives, byte for byte, what python-liquid gives, and more quickly."""

from __future__ import annotations

import timeit
from contextlib import suppress
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from liquid import Environment
from liquid.exceptions import LiquidError
from liquid.undefined import StrictDefaultUndefined

from notifications.liquid.environment import HTML_ENVIRONMENT, TEXT_ENVIRONMENT
from notifications.liquid.faults import TEMPLATE_FAULTS
from notifications.liquid.plan import plan_for
from notifications.packs import load_pack
from notifications.rendering import Locale, RenderError, Source, compile_unit
from tests.depth import DEPTH
from tests.for_each import for_each

MOSCOW = Locale("ru", ZoneInfo("Europe/Moscow"))
NAMES = ["a", "b", "c", "payload", "size", "partial", "имя"]
FILTERS = [
    "upcase", "downcase", "capitalize", "strip", "escape", "escape_once", "url_encode", "squish",
    "strip_html", "strip_newlines", "newline_to_br", "append: '<b>'", "prepend: b", "append: 5",
    "default: 'нет & <i>'", "default: c", "default: nil", "default", "truncate: 5",
    "truncate: 4, '..'", "truncatewords: 1", "replace: 'a', '<'", "replace_first: 'a', b",
    "remove: 'a'", "date: 'D MMMM YYYY [в] HH:mm'", "date", "date: '%d.%m'", "date: '<b>DD</b>'",
    "default: 'x', allow_false: true", "size", "plus: 1", "round", "split: 'a'", "join: ','",
]  # fmt: skip

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats()
    | st.sampled_from(["", "a&b<'\">", "2026-11-21T15:00:00+03:00", "  Анна \n Ивановна ", "&amp;"])
    | st.text(max_size=12)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=6,
)
contexts = st.dictionaries(st.sampled_from(NAMES), values, max_size=7)
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(".".join)
lefts = paths | st.sampled_from(["'текст <u>'", "12", "-3.50", "true", "nil", "a[0]", "a['b']"])
outputs = st.builds(
    lambda left, filters: "{{ " + " | ".join([left, *filters]) + " }}",
    lefts,
    st.lists(st.sampled_from(FILTERS), max_size=3),
)
literals = st.sampled_from(["Привет <b>&", "\n", "{% # note %}", "{% raw %}{{ x }}{% endraw %}"])
templates = st.lists(outputs | literals, min_size=1, max_size=5).map("".join)


def planned(environment, source, context):
    plan = plan_for(environment.compile(source))
    if plan is None:
        return None
    try:
        return plan.text(context, MOSCOW)
    except Exception:  # noqa: BLE001 (whatever stops a plan sends the text to python-liquid)
        return None


def liquid(environment, source, context):
    try:
        return environment.compile(source).text(context, MOSCOW)
    except TEMPLATE_FAULTS as error:
        return error


@settings(max_examples=60 * DEPTH, deadline=None)
@given(templates, contexts, st.booleans())
def test_a_plan_that_succeeds_equals_python_liquid(source, context, html):
    environment = HTML_ENVIRONMENT if html else TEXT_ENVIRONMENT

    fast = planned(environment, source, context)

    if fast is not None:
        assert fast == liquid(environment, source, context), (source, context, html)


TRICKY = {
    "void": "", "none": None, "no": False, "yes": True, "zero": 0, "half": 0.5, "big": 1e22,
    "marks": "a&b<'\">", "inner": {"none": None, "void": ""}, "at": "2026-11-21T23:30:00Z",
}  # fmt: skip


@for_each("html", [False, True])
@for_each("name", [*TRICKY, "inner.none", "inner.void", "inner.gone", "gone"])
def test_plan_and_tree_agree_on_the_tricky_values(name, html):
    environment = HTML_ENVIRONMENT if html else TEXT_ENVIRONMENT
    context = {**TRICKY, "b": "<i>", "c": 3}
    sources = [f"{{{{ {name}{filters} }}}}" for filters in ["", *(f" | {x}" for x in FILTERS)]]

    fast = {source: planned(environment, source, context) for source in sources}

    done = {source: text for source, text in fast.items() if text is not None}
    assert done == {source: liquid(environment, source, context) for source in done}


@settings(max_examples=60 * DEPTH, deadline=None)
@given(templates, contexts, st.booleans())
def test_the_unit_equals_an_untouched_python_liquid(source, context, html):
    original = Environment(undefined=StrictDefaultUndefined, autoescape=html)
    if any(word in source for word in ("date", "strip_html", "partial")):
        return  # ours on purpose: zones and languages; linear time; no names of the library
    try:
        expected = original.from_string(source).render(**context)
    except (LiquidError, *TEMPLATE_FAULTS):
        expected = None
    environment = HTML_ENVIRONMENT if html else TEXT_ENVIRONMENT
    fast = planned(environment, source, context)
    ours = liquid(environment, source, context) if fast is None else fast
    if isinstance(ours, str):
        assert ours == expected, (source, context, html)


@settings(max_examples=60 * DEPTH, deadline=None)
@given(templates, contexts)
def test_a_unit_gives_content_or_a_render_error_and_nothing_else(source, context):
    with suppress(RenderError):
        compile_unit(Source(source)).render(context, MOSCOW).body.encode()


@for_each(
    "source, is_planned",
    [
        ("Привет", True),
        ("{{ a }} {{ a.b.c | upcase | default: d }}", True),
        ("{{ a | date('DD.MM') }}", True),
        ("{% comment %}x{% endcomment %}{{ a }}", True),
        ("{% if a %}x{% endif %}", False),
        ("{{ a | plus: 1 }}", False),
        ("{{ a[0] }}", False),
        ("{{ a.first }}", False),
        ("{{ a }}" * 61, False),
        ("{{ a" + " | upcase" * 5 + " }}", False),
    ],
)
def test_only_paths_text_and_simple_filters_are_planned(source, is_planned):
    assert compile_unit(Source(source)).is_planned is is_planned


def test_the_seeded_reminder_renders_several_times_faster_than_by_its_tree():
    template = load_pack("salon").workflows[0].steps[1].template
    assert template
    source = template.source("ru")
    unit = compile_unit(source)
    templates = [TEXT_ENVIRONMENT.compile(text) for _, text in source.fields() if text]
    keys = ("clientName", "serviceName", "staffName", "salonName", "confirmUrl", "rescheduleUrl")
    context: dict[str, object] = dict.fromkeys(keys, "Анна Иванова")
    context["salon"] = {"name": "Берёзка"}
    context["appointmentTime"] = "2026-11-21T15:00:00+03:00"

    fast = min(timeit.repeat(lambda: unit.render(context, MOSCOW), number=300, repeat=5))
    slow = min(
        timeit.repeat(lambda: [t.text(context, MOSCOW) for t in templates], number=300, repeat=5)
    )

    assert fast * 3 < slow
