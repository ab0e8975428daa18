"""Letters that staff design: MJML or HTML, compiled once when they are published."""

from __future__ import annotations

import time

import pytest

from channels.contract import Content
from channels.integrations import add_integration
from notifications.letters.compiling import BadMarkup, compile_mjml
from notifications.letters.design import compile_letter, letter_faults
from notifications.letters.links import followed
from notifications.models import MessageTemplate
from notifications.publishing import PublishRefused, publish_template, restore_template
from notifications.rendering import email_html
from tenants.scope import tenant_scope
from tests.channels.mail_server import MailServer
from tests.for_each import for_each
from tests.notifications.conftest import change

SECTION = (
    "<mj-section><mj-column><mj-text>Привет, {{ clientName | default: 'Анна' }}!</mj-text>"
    '<mj-button href="https://salon.example/b">Записаться</mj-button></mj-column></mj-section>'
)
WHOLE = f"<mjml><mj-body>{SECTION}</mj-body></mjml>"
PASTED = (
    "<html><head><style>p{color:red;position:fixed}</style></head><body><p onclick='x()'>Скидка"
    " {% if promoDiscount > 5 %}<b>{{ promoDiscount }}</b>{% endif %}<script>x()</script>"
    '<a href="javascript:x()">нет</a> <a href="{{ url }}">да</a></p></body></html>'
)


def codes(source):
    return [(found.code, found.line) for found in letter_faults(source)]


@for_each("source", [SECTION, WHOLE, PASTED, "", "просто слова", "a < b & c"])
def test_a_good_letter_has_no_faults(source):
    assert codes(source) == []


@for_each(
    "source, expected",
    [
        ("<mj-section>\n<mj-text>x</mj-section>", [("letter_syntax", 2)]),
        ("<mj-section>\nслова</mj-section>", [("letter_lost_text", 1)]),
        ("<mj-section>\n\n<mj-foto /></mj-section>", [("letter_unknown_tag", 3)]),
        ("<mj-text>\n<script>x</script></mj-text>", [("letter_forbidden", 2)]),
        ("<mj-text>\n<b onclick='x'>y</b></mj-text>", [("letter_forbidden", 2)]),
        ("<mj-raw>\n<iframe src='https://x'></iframe></mj-raw>", [("letter_forbidden", 2)]),
        ('<mj-image\nsrc="data:x" />', [("letter_address", 1)]),
        ("<mj-text>\n\na < b</mj-text>", [("letter_syntax", 3)]),
        ("<mj-include path='/etc/passwd' />", [("letter_forbidden", 1)]),
        ("<mj-section>" + "<mj-text>я</mj-text>" * 3000 + "</mj-section>", [("too_long", 0)]),
        ("<mj-text>" + "<b>" * 60 + "x" + "</b>" * 60 + "</mj-text>", [("letter_too_deep", 1)]),
    ],
)
def test_a_fault_is_named_with_its_line(source, expected):
    assert codes(source) == expected


@pytest.mark.parametrize("source", ["<mj-section>" * 5000, "<mj-text>" + "<b>" * 20_000])
def test_tags_nested_by_the_thousand_do_not_end_the_process(source):
    with pytest.raises(BadMarkup):
        compile_mjml(source)
    assert compile_letter("<div>" * 12_000)


@for_each(
    "source",
    [
        "<!-- -->" * 40 + "x",
        "<mjml>" + "<a " * 20_000,
        "<p>" + "{{" * 30_000,
        "<mjml>" + "{%" * 30_000,
    ],
)
def test_what_is_never_closed_is_read_once(source):
    began = time.thread_time()

    letter_faults(source)

    assert time.thread_time() - began < 3  # it was 7 to 50, of the first without end


def test_a_letter_with_thousands_of_tags_in_one_is_laid_out_at_once():
    began = time.thread_time()
    design = '<p title="' + "<a <style <!--" * 4_000 + '">Скоро</p>'

    page = email_html(Content("", html=design), brand={}, language="ru", links={})
    followed(page, base="https://x.test", token="t", spared="")

    assert time.thread_time() - began < 3  # it was 8


def test_no_file_and_no_font_is_loaded():
    with pytest.raises(BadMarkup):
        compile_mjml(f"<mjml><mj-body><mj-include path='{__file__}' /></mj-body></mjml>")
    assert "fonts.g" not in compile_letter(
        WHOLE.replace("<mj-text", '<mj-text font-family="Roboto"')
    )


def test_pasted_html_is_cleaned_and_its_styles_stand_in_the_tags():
    html = compile_letter(PASTED)

    assert '<p style="color:red">' in html
    assert "{% if promoDiscount > 5 %}<b>{{ promoDiscount }}</b>{% endif %}" in html
    assert '<a href="{{ url }}">да</a>' in html
    assert not any(word in html for word in ("script", "onclick", "position", "x()"))


def test_a_whole_letter_that_cannot_be_left_gets_a_way_to_unsubscribe():
    link = "https://n.example/u/1"
    made = {"brand": {}, "language": "ru", "links": {"unsubscribeUrl": link}}
    own = WHOLE.replace("Записаться", "Отписаться").replace("https://salon.example/b", link)

    without = email_html(Content("x", html=compile_letter(WHOLE)), **made)
    with_own = email_html(Content("x", html=compile_letter(own)), **made)

    assert without.count(link) == 1
    assert with_own.count(link) == 1
    assert without.startswith("<!doctype html>")


@pytest.fixture
def template(salon):
    with tenant_scope(salon.pk):
        yield MessageTemplate.objects.create(
            tenant=salon, key="offer", name="offer", body_ru="Текст", letter_ru=SECTION
        )


def test_publishing_refuses_a_broken_letter_and_names_line_and_field(template):
    template.letter_ru = "<mj-section>\n<mj-colum /></mj-section>"
    template.save()

    with pytest.raises(PublishRefused) as refused:
        publish_template(template)

    (problem,) = refused.value.problems
    assert str(problem) == "letter (ru), line 2: MJML has no '<mj-colum>'"


def test_publishing_refuses_a_filter_that_does_not_exist_and_a_letter_without_text(template):
    template.letter_ru, template.body_ru = "<mj-text>\n{{ x | nofilter }}</mj-text>", ""
    template.save()

    with pytest.raises(PublishRefused) as refused:
        publish_template(template)

    found = {(problem.field, problem.code, problem.line) for problem in refused.value.problems}
    assert found == {("letter", "unknown_filter", 2), ("body", "empty", 0)}


def test_a_version_holds_what_was_made_and_can_be_restored(template):
    first = publish_template(template)
    template.letter_ru = ""
    template.save()
    second = publish_template(template)

    restored = restore_template(first)

    assert "mj-column" in first.texts["ru"]["html"]
    assert "html" not in second.texts["ru"]
    assert restored.texts == first.texts


@pytest.fixture(scope="module")
def mails():
    server = MailServer()
    yield server
    server.close()


def test_a_designed_letter_arrives_between_the_salons_head_and_foot(reminders, worker, mails):
    salon = reminders.salon
    change("delete from channels_integration where tenant_id = %s", [salon.pk])
    account = {"host": "127.0.0.1", "port": str(mails.port), "security": "none"}
    account["from_address"] = "salon@roza.test"
    add_integration(salon.pk, "smtp", account, identifier="mail")
    reminders.workflow("offer", ("email", {"body": "Привет, {{ clientName }}", "title": "Тема"}))
    with tenant_scope(salon.pk):
        draft = MessageTemplate.objects.get(key="offer-0")
        draft.letter_ru = SECTION
        draft.save()
        publish_template(draft)

    reminders.trigger(
        "offer", {"subscriberId": "a", "email": "a@mail.test"}, {"clientName": "<Аня>"}
    )
    worker.drain_dry()

    ((_, _, mail),) = mails.mails
    html = mail.get_body(("html",)).get_content()
    assert "Привет, &lt;Аня&gt;!" in html
    assert "Роза" in html
    assert html.count("https://salon.example/b") == 1
    assert html.index(".mj-column-per-100") < html.index("</head>")
    assert mail.get_body(("plain",)).get_content().strip() == "Привет, <Аня>"
