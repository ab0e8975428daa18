"""One text, one recipient, one content: what an author may write and what a client reads."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from channels.contract import Button
from notifications.rendering import (
    ButtonSource,
    Locale,
    RenderError,
    Source,
    compile_unit,
    context_for,
    needed,
    variables,
)
from tests.for_each import for_each

MOSCOW = Locale("ru", ZoneInfo("Europe/Moscow"))


def context(payload=None, **given):
    parts = {
        "subscriber": {"firstName": "Анна", "data": {"city": "Тула"}, "phone": None},
        "salon": {"name": "Берёзка"},
        "location": {"address": "ул. Мира, 1"},
        "links": {},
        "year": 2026,
        "defaults": {},
        **given,
    }
    return context_for(payload=payload or {}, **parts)


def text(body, payload=None, **given):
    return compile_unit(Source(body)).render(context(payload, **given), MOSCOW).body


def failure(body, payload=None):
    with pytest.raises(RenderError) as caught:
        text(body, payload)
    return caught.value


def test_a_payload_key_is_read_bare_and_by_its_full_name():
    assert text("{{ a.b }} {{ payload.a.b }}", {"a": {"b": "да"}}) == "да да"


def test_the_platforms_names_win_over_a_payload_key():
    shadow = {"salon": {"name": "чужой"}, "year": 1, "subscriber": 1, "unsubscribeUrl": "x"}

    assert text("{{ salon.name }} {{ year }} {{ payload.year }}", shadow) == "Берёзка 2026 1"
    assert failure("{{ unsubscribeUrl }}", shadow).variable == "unsubscribeUrl"


def test_platform_names_of_each_kind_are_rendered():
    body = "{{ subscriber.firstName }} {{ subscriber.data.city }} [{{ subscriber.phone }}]"

    assert text(body + " {{ location.address }}") == "Анна Тула [] ул. Мира, 1"


def test_all_fields_of_a_text_become_one_content():
    source = Source(
        body="Здравствуйте, {{ name }}",
        title="Для {{ name }}",
        image_url="https://x.ru/{{ id }}.png",
        buttons=(ButtonSource("Да, {{ name }}", "https://x.ru/c/{{ id }}", "confirm"),),
    )

    content = compile_unit(source).render(context({"name": "Анна", "id": 7}), MOSCOW)

    assert content.body == "Здравствуйте, Анна"
    assert content.title == "Для Анна"
    assert content.image_url == "https://x.ru/7.png"
    assert content.buttons == (Button("Да, Анна", "https://x.ru/c/7", "confirm"),)


def test_identical_texts_share_one_unit():
    assert compile_unit(Source("Привет")) is compile_unit(Source("Привет"))


def test_a_subject_stays_on_one_line():
    content = compile_unit(Source("x", title="Для {{ name }}")).render(
        context({"name": "Анна\r\nBcc: all@example.org"}), MOSCOW
    )

    assert content.title == "Для Анна Bcc: all@example.org"


@for_each(
    "spelling",
    [
        "{{ at | date('DD.MM.YYYY в HH:mm') }}",
        "{{ at | date: 'DD.MM.YYYY в HH:mm' }}",
        '{{at|date("DD.MM.YYYY в HH:mm")}}',
        "{{ at | date ( 'DD.MM.YYYY в HH:mm' ) }}",
    ],
)
def test_filter_calls_are_accepted_in_both_spellings(spelling):
    assert text(spelling, {"at": "2026-11-21T15:00:00+03:00"}) == "21.11.2026 в 15:00"


def test_brackets_inside_quotes_are_not_a_call():
    assert text("{{ '| date(1)' }} {{ x | append('(a)') | upcase() }}", {"x": "я"}) == (
        "| date(1) Я(A)"
    )


def test_filter_calls_work_in_tags_and_raw_text_stays_untouched():
    body = "{% assign a = x | append('!') %}{{ a }}{% raw %}{{ x | append('!') }}{% endraw %}"

    assert text(body, {"x": "я"}) == "я!{{ x | append('!') }}"


def test_a_missing_variable_is_named_with_its_line():
    error = failure("Первая\nВторая {{ master.name }}", {"master": {}})

    assert (error.field, error.variable, error.line) == ("body", "master.name", 2)
    assert "master.name" in str(error)


def test_a_missing_variable_in_a_button_names_the_field():
    source = Source("x", buttons=(ButtonSource("Да", "{{ confirmUrl }}"),))

    with pytest.raises(RenderError) as caught:
        compile_unit(source).render(context(), MOSCOW)

    assert (caught.value.field, caught.value.variable) == ("buttons.0.url", "confirmUrl")


def test_declared_defaults_and_the_default_filter_supply_a_missing_value():
    assert text("{{ a }}{{ payload.a }}", defaults={"a": "1"}) == "11"
    assert text("{{ b | default: 'нет' }}{{ c.d | default: salon.name }}") == "нетБерёзка"


def test_the_default_filter_works_in_texts_that_have_no_plan():
    body = "{% if true %}{{ a | default: 'нет' }}{{ a.b | default: c | default: 'и c' }}{% endif %}"

    assert text(body) == "нети c"


def test_a_condition_may_ask_whether_a_variable_is_there():
    assert text("{% if note %}{{ note }}{% else %}без записки{% endif %}") == "без записки"


@for_each(
    "body",
    [
        "{{ x | upcase }}",
        "{{ 'a' | append: x }}",
        "{% for i in x %}{% endfor %}",
        "{% if x == 'a' %}{% endif %}",
        "{{ x.y }}",
        "{{ now }}",
        "{{ partial }}",
    ],
)
def test_a_missing_variable_may_not_be_used(body):
    assert failure(body).code == "missing_variable"


def test_values_are_escaped_in_letters_only():
    payload = {"x": "<b>&'\""}
    unit = compile_unit(Source("{{ x }}", html="<i>{{ x }}</i>"))

    assert unit.letter(context(payload), MOSCOW) == "<i>&lt;b&gt;&amp;&#39;&#34;</i>"
    assert unit.render(context(payload), MOSCOW).body == "<b>&'\""


def test_attributes_and_methods_of_objects_are_out_of_reach():
    class Account:
        token = "s3cret"

        def __getitem__(self, key):
            return self.token

    for body in ("{{ a.token }}", "{{ a['token'] }}", "{{ a.__class__ }}", "{{ s.upper }}"):
        error = failure(body, {"a": Account(), "s": "text"})
        assert error.code == "missing_variable"


def test_nul_and_half_emoji_in_values_are_mended():
    payload = {"x": "a\0b\ud83d", "y": "\ud83d\ude00"}

    assert text("{{ x }}{{ y }}", payload) == "ab\ufffd\U0001f600"
    assert text("{% if x %}{{ x }}{{ y }}{% endif %}", payload) == "ab\ufffd\U0001f600"


def test_variables_are_listed_as_written():
    source = Source(
        "{{ a.b }} {% for i in items %}{{ i.x }}{% endfor %} {% assign z = c %}{{ z }}",
        title="{{ payload.t | default: d }}",
        buttons=(ButtonSource("{{ e }}", "{{ list[0].f }}"),),
    )

    assert variables(source) == {"a.b", "items", "c", "payload.t", "d", "e", "list"}
    assert variables(source) - needed(source) == {"payload.t"}
