"""Amazon's notifications are believed by Amazon's own certificate only, and its topic is confirmed.

Source: tests/payloads/ses, signed there with a certificate of its own.
"""

from __future__ import annotations

import pytest

from channels.told import BadSignature
from tests.channels.heard import SES, adapter, call, read
from tests.for_each import for_each


@pytest.mark.parametrize("name", SES["forged"])
def test_forged_notifications_are_refused(name):
    asked = []
    with pytest.raises(BadSignature):
        read(adapter("ses"), call(SES["forged"][name]), asked)

    assert not [url for url in asked if "evil" in url]


@for_each(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
        "https://me@sns.eu-west-1.amazonaws.com/x.pem",
        "https://s3.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com/x.txt",
        "https://sns.eu-west-1.amazonaws.com\\.evil.example/x.pem",
        "https://[sns.eu-west-1.amazonaws.com/x.pem",
    ],
)
def test_a_certificate_is_asked_of_amazon_alone(url):
    asked = []
    notification = {**SES["messages"]["delivery"], "SigningCertURL": url}
    with pytest.raises(BadSignature):
        read(adapter("ses"), call(notification), asked)

    assert asked == []


def test_a_proven_subscription_is_confirmed_and_a_changed_one_is_not():
    wanted = SES["messages"]["subscription_confirmation"]
    elsewhere = {**wanted, "SubscribeURL": wanted["SubscribeURL"] + "0"}
    asked, asked_elsewhere = [], []

    assert read(adapter("ses"), call(wanted), asked) == []
    with pytest.raises(BadSignature):
        read(adapter("ses"), call(elsewhere), asked_elsewhere)

    assert asked == [wanted["SigningCertURL"], wanted["SubscribeURL"]]
    assert asked_elsewhere == [wanted["SigningCertURL"]]
