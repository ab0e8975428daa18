"""E-mail over HTTP: a letter is whole in the provider's own terms, an answer is read by its table.

Answers: tests/payloads/<provider>/send_responses.json; those of SendGrid, SES and Unisender Go from
the providers' fixtures, the others from the documents that the adapters name.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import sys
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from channels.adapters.brevo import BrevoAdapter
from channels.adapters.mailgun import MailgunAdapter
from channels.adapters.postmark import PostmarkAdapter
from channels.adapters.resend import ResendAdapter
from channels.adapters.sendgrid import SendgridAdapter
from channels.adapters.ses import SesAdapter
from channels.adapters.unisender_go import UnisenderGoAdapter
from channels.contract import Button, Content, Outbound
from channels.errors import BadAddress, BadCredentials, Permanent, Unsupported
from channels.registry import ADAPTERS
from tests.channels.expected import allowed, answer, captured, error_of, outcome_of, told

MESSAGE_ID = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"
UNSUBSCRIBE = "https://salon.example/u/5fK2"
SECRET = "SG.a-secret-of-the-salon-5521"
CREDENTIALS = {
    "api_key": SECRET,
    "server_token": SECRET,
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": SECRET,
    "region": "eu-west-1",
    "domain": "mg.beauty.example",
    "from_address": "salon@beauty.example",
    "from_name": "Салон «Лотос», Москва",
    "reply_to": "answers@beauty.example",
}
CLASSES = (
    SendgridAdapter,
    MailgunAdapter,
    PostmarkAdapter,
    BrevoAdapter,
    ResendAdapter,
    UnisenderGoAdapter,
    SesAdapter,
)
NAMES = [adapter.provider for adapter in CLASSES]
CONTENT = Content(
    body="Анна, ждём вас завтра!",
    title="Завтра в 15:00",
    html="<html><body><p>Анна, <b>ждём</b> вас завтра!</p></body></html>",
    image_url="https://salon.example/p.png?a=1&b=2",
    buttons=(Button("Подтвердить", "https://salon.example/c/5fK2"), Button("Да", action="yes")),
)


def outbound(content=CONTENT, address="anna@klient.example", category="mk", **extra):
    extra = {"unsubscribe_url": UNSUBSCRIBE, **extra} if category == "mk" else extra
    return Outbound(MESSAGE_ID, "email", address, content, "ru", category, extra=extra)


def adapter(name, **changes):
    return ADAPTERS[name]({**CREDENTIALS, **changes})


def read(name, request):
    """Read a written request back into one shape; where stands what in whose JSON."""
    body = request.body.decode()
    if name == "mailgun":
        form = {key: values[0] for key, values in parse_qs(body).items()}
        headers = {k.removeprefix("h:"): v for k, v in form.items() if k.startswith("h:")}
        return SimpleNamespace(
            sender=form["from"],
            to=form["to"],
            reply_to=form["h:Reply-To"],
            subject=form["subject"],
            text=form["text"],
            html=form.get("html", ""),
            headers=headers,
            ours=form["v:kolokol_id"],
        )
    return READERS[name](json.loads(body))


def _sendgrid(body):
    content = {part["type"]: part["value"] for part in body["content"]}
    return SimpleNamespace(
        sender=f"{body['from']['name']} <{body['from']['email']}>",
        to=body["personalizations"][0]["to"][0]["email"],
        reply_to=body["reply_to_list"][0]["email"],
        subject=body["subject"],
        text=content["text/plain"],
        html=content.get("text/html", ""),
        headers=body["headers"],
        ours=body["custom_args"]["kolokol_id"],
    )


def _postmark(body):
    return SimpleNamespace(
        sender=body["From"],
        to=body["To"],
        reply_to=body["ReplyTo"],
        subject=body["Subject"],
        text=body["TextBody"],
        html=body.get("HtmlBody", ""),
        headers={header["Name"]: header["Value"] for header in body["Headers"]},
        ours=body["Metadata"]["kolokol_id"],
    )


def _brevo(body):
    name = email.header.make_header(email.header.decode_header(body["sender"]["name"]))
    return SimpleNamespace(
        sender=f"{name} <{body['sender']['email']}>",
        to=body["to"][0]["email"],
        reply_to=body["replyTo"]["email"],
        subject=body["subject"],
        text=body["textContent"],
        html=body.get("htmlContent", ""),
        headers=body["headers"],
        ours=json.loads(body["headers"]["X-Mailin-custom"])["kolokol_id"],
    )


def _resend(body):
    return SimpleNamespace(
        sender=body["from"],
        to=body["to"][0],
        reply_to=body["reply_to"][0],
        subject=body["subject"],
        text=body["text"],
        html=body.get("html", ""),
        headers=body["headers"],
        ours=json.loads(body["headers"]["X-Metadata"])["kolokol_id"],
    )


def _unisender(body):
    message = body["message"]
    return SimpleNamespace(
        sender=f"{message['from_name']} <{message['from_email']}>",
        to=message["recipients"][0]["email"],
        reply_to=message["reply_to"],
        subject=message["subject"],
        text=message["body"]["plaintext"],
        html=message["body"].get("html", ""),
        headers=message["headers"],
        ours=message["global_metadata"]["kolokol_id"],
    )


def _ses(body):
    raw = base64.b64decode(body["Content"]["Raw"]["Data"])
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    html = letter.get_body(("html",))
    return SimpleNamespace(
        sender=str(letter["From"]),
        to=body["Destination"]["ToAddresses"][0],
        reply_to=str(letter["Reply-To"]),
        subject=str(letter["Subject"]),
        text=letter.get_body(("plain",)).get_content().strip(),
        html=html.get_content() if html else "",
        headers=letter,
        ours=body["EmailTags"][0]["Value"],
    )


READERS = {
    "sendgrid": _sendgrid,
    "postmark": _postmark,
    "brevo": _brevo,
    "resend": _resend,
    "unisender_go": _unisender,
    "ses": _ses,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_is_whole_in_the_provider_s_own_terms(name):
    letter = read(name, adapter(name).request(outbound()))

    assert letter.to == "anna@klient.example"
    assert "Салон «Лотос», Москва" in letter.sender
    assert "salon@beauty.example" in letter.sender
    assert letter.reply_to == "answers@beauty.example"
    assert letter.subject == "Завтра в 15:00"
    assert letter.text.startswith("Анна, ждём вас завтра!")
    assert "https://salon.example/c/5fK2" in letter.text
    assert letter.ours == MESSAGE_ID


@pytest.mark.parametrize("name", NAMES)
def test_picture_and_buttons_appear_in_the_html(name):
    html = read(name, adapter(name).request(outbound())).html

    assert "<b>ждём</b>" in html
    assert 'src="https://salon.example/p.png?a=1&amp;b=2"' in html
    assert '<a href="https://salon.example/c/5fK2">Подтвердить</a>' in html
    assert html.rstrip().endswith("</body></html>")


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_that_has_its_picture_and_buttons_stays_as_it_is(name):
    html = (
        '<p><img src="https://salon.example/p.png?a=1&amp;b=2">'
        '<a href="https://salon.example/c/5fK2">Да!</a></p>'
    )
    content = Content("Анна", "Завтра", html, CONTENT.image_url, CONTENT.buttons)

    assert read(name, adapter(name).request(outbound(content))).html.strip() == html


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_text_leaves_without_an_html_part(name):
    letter = read(name, adapter(name).request(outbound(Content("Анна", "Завтра"))))

    assert (letter.text, letter.html) == ("Анна", "")


@pytest.mark.parametrize("name", NAMES)
def test_marketing_can_be_left_by_one_click(name):
    headers = read(name, adapter(name).request(outbound())).headers

    assert headers["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Content-Language"] == "ru"


@pytest.mark.parametrize("name", NAMES)
def test_a_transactional_letter_has_no_list_headers(name):
    headers = read(name, adapter(name).request(outbound(category="tx"))).headers

    assert "List-Unsubscribe" not in headers


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "address", ["anna@klient.example, eva@klient.example", "anna", "a\r\nBcc: e@x.example", "@"]
)
def test_what_is_no_single_address_is_refused_before_the_call(name, address):
    with pytest.raises(BadAddress):
        adapter(name).request(outbound(address=address))


@pytest.mark.parametrize("name", NAMES)
def test_a_line_break_in_the_subject_is_refused(name):
    with pytest.raises(Permanent, match="line break"):
        adapter(name).request(outbound(Content("Анна", "Завтра\r\nBcc: eva@x.example")))


@pytest.mark.parametrize("name", NAMES)
def test_another_address_of_the_api_keeps_its_path(name):
    own = adapter(name, api_base="http://127.0.0.1:9/fake/")

    for request in (own.request(outbound()), own.probe()):
        assert request.url.startswith("http://127.0.0.1:9/fake/")
        assert "//" not in request.url.removeprefix("http://")
        assert SECRET not in request.url


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (name, row)
        for name in NAMES
        if name != "ses"
        for row in captured(f"{name}/send_responses.json")
    ],
)
def test_a_captured_answer_means_what_the_file_expects(name, row, monkeypatch):
    monkeypatch.setattr(ADAPTERS[name], "clock", staticmethod(lambda: 1795168800.0))
    own = adapter(name)

    assert outcome_of(own, told(row)) in allowed(row["expect"])
    if "wait_s" in row:
        assert error_of(own, told(row)).retry_after_s == row["wait_s"]


@pytest.mark.parametrize("row", captured("ses/send_responses.json"))
def test_an_answer_of_ses_means_what_the_file_expects(row):
    headers = {"x-amzn-errortype": f"{row['code']}:http://internal/"} if "code" in row else {}
    body = row["body"] if "body" in row else {"message": row["message"]}

    outcome = outcome_of(adapter("ses"), answer(row.get("http", 200), body, headers))

    assert outcome in allowed(row["expect"])


IDS = {
    "sendgrid": "f3a1QkZ",
    "mailgun": "<20261120100000.1.ABC@mg.beauty.example>",
    "postmark": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
    "brevo": "<202611201000.12345678901@smtp-relay.mailin.fr>",
    "resend": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794",
    "unisender_go": "1uXaBc-0001AB-Cd",
    "ses": "0102019a-1111-4222-8333-abcdefabcdef-000000",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_receipt_carries_the_provider_s_own_id(name):
    row = captured(f"{name}/send_responses.json")[0]

    assert adapter(name).receipt(told({"http": 200, **row})).provider_id == IDS[name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{", b'{"status": "ok"}', b"null", b"7"])
def test_a_success_that_cannot_be_read_is_ambiguous(name, body):
    if name == "brevo" and not body:  # anymail: an empty body is a success without an id
        assert adapter(name).receipt(answer(201)).provider_id == ""
        return
    assert outcome_of(adapter(name), answer(200, body)) == "ambiguous"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("status", "outcome"),
    [(500, "retry"), (503, "retry"), (502, "ambiguous"), (504, "ambiguous"), (418, "unknown")],
)
def test_a_status_without_words_means_what_http_says(name, status, outcome):
    assert outcome_of(adapter(name), answer(status, b"<html>oops</html>")) == outcome


@pytest.mark.parametrize("name", NAMES)
def test_no_detail_quotes_addresses_texts_or_keys(name):
    words = f"bad 'Анна, ждём' <anna@klient.example> +7 916 123-45-67 key {SECRET}"
    bodies = (
        {"message": words, "Message": words, "ErrorCode": 402, "code": "invalid_parameter"},
        {"errors": [{"message": words}], "name": "validation_error", "message": words},
    )

    for body in bodies:
        detail = error_of(adapter(name), answer(400, body)).detail
        assert not any(part in detail for part in ("Анна", "anna@", "123-45", SECRET))


def test_a_partly_refused_answer_of_unisender_is_read_by_its_reason():
    reply = captured("unisender_go/send_reply.json")
    meanings = {
        "invalid": "permanent_recipient",
        "permanent_unavailable": "permanent_recipient",
        "temporary_unavailable": "defer",
        "unsubscribed": "opt_out",
        "complained": "opt_out",
        "blocked": "opt_out",
        "something_new": "unknown",
    }
    reasons = {*reply["send_response_partial"]["failed_emails"].values(), "something_new"}

    for reason in reasons - {"duplicate"}:
        body = {"status": "success", "job_id": "1", "emails": [], "failed_emails": {"a@b": reason}}
        assert outcome_of(adapter("unisender_go"), answer(200, body)) == meanings[reason]
    twice = reply["send_response_partial"] | {"failed_emails": {"anna@klient.example": "duplicate"}}
    assert outcome_of(adapter("unisender_go"), answer(200, twice)) == "sent"
    assert outcome_of(adapter("unisender_go"), told(reply["error_example"])) == "auth_pause"


def test_repeats_carry_the_key_that_each_provider_knows():
    brevo = json.loads(adapter("brevo").request(outbound()).body)
    unisender = json.loads(adapter("unisender_go").request(outbound()).body)

    assert adapter("resend").request(outbound()).headers["Idempotency-Key"] == MESSAGE_ID
    assert brevo["headers"]["idempotencyKey"] == MESSAGE_ID
    assert unisender["message"]["idempotence_key"] == MESSAGE_ID
    assert [one.provider for one in CLASSES if one.is_idempotent] == ["resend"]


def test_a_quota_is_a_pause_and_a_wrong_key_another():
    quota = {"name": "daily_quota_exceeded", "message": ""}
    credits = captured("sendgrid/send_responses.json")[3]

    assert outcome_of(adapter("resend"), answer(429, quota)) == "provider_pause"
    assert outcome_of(adapter("sendgrid"), told(credits)) == "provider_pause"
    assert outcome_of(adapter("sendgrid"), answer(401, {"errors": []})) == "auth_pause"


def test_a_key_that_may_only_send_passes_the_probe_of_resend():
    body = {"name": "restricted_api_key", "message": "This API key is restricted."}

    adapter("resend").read_probe(answer(401, body))
    assert outcome_of(adapter("resend"), answer(401, body)) == "auth_pause"


def test_marketing_takes_the_broadcast_stream_of_postmark():
    own = adapter("postmark", message_stream="outbound", broadcast_stream="broadcast")

    streams = [
        json.loads(own.request(outbound(category=category)).body)["MessageStream"]
        for category in ("tx", "mk")
    ]

    assert streams == ["outbound", "broadcast"]


def test_unisender_gets_our_unsubscribe_page_and_leave_to_drop_its_own():
    plain = json.loads(adapter("unisender_go").request(outbound()).body)["message"]
    approved = adapter("unisender_go", skip_unsubscribe="1").request(outbound())

    assert plain["options"]["unsubscribe_url"] == UNSUBSCRIBE
    assert "skip_unsubscribe" not in plain
    assert json.loads(approved.body)["message"]["skip_unsubscribe"] == 1


def test_a_region_cannot_lead_to_another_host():
    with pytest.raises(BadCredentials, match="region"):
        adapter("ses", region="evil.example/#").request(outbound())


def test_a_domain_that_is_none_cannot_lead_to_another_path():
    with pytest.raises(Permanent, match="mailgun cannot write it"):
        adapter("mailgun", domain="a.example/../b").request(outbound())


def test_without_the_extra_amazon_says_what_to_install(monkeypatch):
    for module in ("botocore.auth", "botocore.awsrequest", "botocore.credentials"):
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(Unsupported, match=r"pip install '\.\[aws\]'"):
        adapter("ses").request(outbound())
    assert "ses" in ADAPTERS
