"""What a credential field may hold: one rule, one sentence."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from channels import fields
from tests.for_each import for_each

PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    .decode()
)


@for_each(
    "value, is_right",
    [
        ("https://api.example", True),
        ("https://api.example:8443/bot", True),
        ("http://127.0.0.1:8081", True),
        ("http://10.0.0.7/bot", True),
        ("http://localhost:1", True),
        ("http://api.example", False),
        ("http://8.8.8.8/", False),
        ("ftp://api.example", False),
        ("api.example", False),
        ("https://", False),
        ("https://api.example:port", False),
        ("https://api.exa mple", False),
        ("https://api.example/\n", False),
        ("https://api.example/#x", False),
        ("https://8.8.8.8\\@api.example/", False),
    ],
)
def test_an_address_is_https_unless_it_is_private(value, is_right):
    assert fields.is_address(value) == ("" if is_right else fields.NOT_HTTPS)


def test_a_plain_address_may_be_one_that_the_operator_names():
    trusts = {"bots.internal"}.__contains__

    assert fields.is_address("http://bots.internal:8081", may_be_plain=trusts) == ""
    assert fields.is_address("http://bots.example:8081", may_be_plain=trusts) == fields.NOT_HTTPS


@for_each(
    "rule, right, wrong, sentence",
    [
        (fields.is_port, "65535", "65536", fields.NOT_PORT),
        (fields.is_port, "1", "0", fields.NOT_PORT),
        (fields.is_port, "25", "²5", fields.NOT_PORT),
        (fields.is_number, "-1001234567890", "12a", fields.NOT_NUMBER),
        (fields.is_email, "salon@mail.example", "Salon <salon@mail.example>", fields.NOT_EMAIL),
        (fields.is_rate, "30", "0", fields.NOT_RATE),
        (fields.is_rate, "20/60", "20/0", fields.NOT_RATE),
        (fields.are_networks, "203.0.113.7, 2001:db8::/32", "somewhere", fields.NOT_NETWORKS),
        (fields.is_rate, "99999/1", "20 per minute", fields.NOT_RATE),
        (fields.is_proxy, "http://me:pw@proxy.example:3128", "proxy.example", fields.NOT_PROXY),
        (fields.is_proxy, "socks5h://10.0.0.1:1080", "ftp://10.0.0.1", fields.NOT_PROXY),
        (fields.is_pem_key, PEM, PEM[:-40], fields.NOT_PEM),
        (fields.is_one_of("tls", "none"), "tls", "ssl", fields.ONE_OF + "tls, none"),
        (fields.is_json_key("a"), '{"a": "x"}', "{", fields.NOT_JSON),
        (fields.is_json_key("a"), '{"a": "x"}', "[1]", fields.NOT_JSON),
        (fields.is_json_key("a", "b"), '{"a": "x", "b": "y"}', '{"a": 1}', fields.LACKS + "a, b"),
    ],
)
def test_a_rule_takes_the_right_and_tells_the_wrong(rule, right, wrong, sentence):
    assert (rule(right), rule(wrong)) == ("", sentence)


def test_only_fields_that_are_filled_in_are_asked():
    given = {"port": "no", "key": json.dumps({}), "host": ""}

    found = fields.faults(given, port=fields.is_port, host=fields.is_email, other=fields.is_port)

    assert found == {"port": fields.NOT_PORT}
