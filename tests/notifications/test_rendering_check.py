"""What the admin form and `template lint` say before a text may be published."""

from __future__ import annotations

import pytest

from notifications.rendering import ButtonSource, RenderError, Source, check, compile_unit
from tests.for_each import for_each

KNOWN = {"name", "at"}


def found(body, known=KNOWN):
    return [(p.code, p.line) for p in check(Source(body), known=known)]


def test_a_sound_text_has_no_problems():
    platform = "{{ salon.name }} {{ unsubscribeUrl }} {{ year }}"

    assert found("{{ name }} {{ payload.at | date('DD.MM') }}" + platform) == []


@for_each(
    "body, problem",
    [
        ("\n{{ nmae }}", ("unknown_variable", 2)),
        ("{{ payload.nmae }}", ("unknown_variable", 1)),
        ("{{ subscriber.surname }}", ("unknown_variable", 1)),
        ("{{ location.city }}", ("unknown_variable", 1)),
        ("{% if nmae %}{% endif %}", ("unknown_variable", 1)),
        ("a\nb\n{{ name | shout }}", ("unknown_filter", 3)),
        ("{% if name %}{{ name | shout }}{% endif %}", ("unknown_filter", 1)),
        ("\n{% include 'x' %}", ("unknown_tag", 2)),
        ("{% capture x %}{% endcapture %}", ("unknown_tag", 1)),
        ("\n\n{{ name", ("syntax", 3)),
        ("{% if name %}", ("syntax", 0)),
        ("\n{{ name | }}", ("syntax", 2)),
        ("x" * 64_001, ("too_long", 0)),
        ("a\0b", ("bad_character", 0)),
        ("   ", ("empty", 0)),
    ],
)
def test_a_problem_has_a_stable_code_and_a_line(body, problem):
    assert problem in found(body)


@for_each(
    "body, advice",
    [
        ("{{#if name}}x{{/if}}", "{% if name %} ... {% endif %}"),
        ("{{ #unless name }}", "{% unless name %} ... {% endunless %}"),
        ("{{#each items}}", "{% for item in items %} ... {% endfor %}"),
        ("{{/each}}", "{% endfor %}"),
        ("{{else}}", "{% else %}"),
        ("{{ else if name }}", "{% elsif name %}"),
        ("{{{name}}}", "{{ name }}"),
        ("{{^name}}", "{% unless name %}"),
        ("{{> header}}", "no partials"),
        ("{{! note }}", "{% comment %}"),
    ],
)
def test_handlebars_is_refused_with_the_liquid_spelling(body, advice):
    (problem,) = check(Source(f"\n{body}"), known=None)

    assert (problem.code, problem.line) == ("handlebars", 2)
    assert advice in problem.message
    with pytest.raises(RenderError):
        compile_unit(Source(body))


def test_a_variable_with_a_default_of_its_own_needs_no_declaration():
    assert found("{{ note | default: '' }}") == []


def test_without_a_schema_payload_names_are_not_checked():
    assert found("{{ anything.at.all }} {{ payload.x }}", known=None) == []


def test_every_field_is_checked_under_its_own_name():
    source = Source(
        "ok", title="{{ a }}", image_url="{{ b }}", buttons=(ButtonSource("{{ c }}", "{{ d }}"),)
    )

    fields = [problem.field for problem in check(source, known=())]

    assert fields == ["title", "image_url", "buttons.0.text", "buttons.0.url"]


def test_an_action_longer_than_the_smallest_channel_takes_is_refused():
    source = Source("ok", buttons=(ButtonSource("Да", action="я" * 33),))

    assert [p.field for p in check(source, known=None)] == ["buttons.0.action"]
