"""Which address a request comes from."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory, override_settings

from tenants.client_address import client_address, resolve, trusted_networks

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # a stranger claims
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # the client's own claim is left
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8::1", "[2001:db9::2]", "2001:db9::2"),
        ("", "198.51.100.1", ""),
    ],
)
def test_entries_count_as_far_as_trusted_proxies_wrote_them(remote, forwarded, client):
    assert resolve(remote, forwarded, TRUSTED) == client


def test_a_request_is_read_with_the_setting():
    request = RequestFactory().get(
        "/", REMOTE_ADDR="192.0.2.10", HTTP_X_FORWARDED_FOR="198.51.100.1"
    )

    assert client_address(request) == "192.0.2.10"
    with override_settings(TRUSTED_PROXIES=["192.0.2.10"]):
        assert client_address(request) == "198.51.100.1"


def test_a_wrong_setting_is_one_sentence():
    with (
        override_settings(TRUSTED_PROXIES=["proxy.example"]),
        pytest.raises(ImproperlyConfigured, match=r"TRUSTED_PROXIES must hold .*proxy\.example"),
    ):
        trusted_networks()
