"""A call is signed with the endpoint's secret, and a secret can be changed without a gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from channels.reencryption import reencrypt
from channels.secrets import decrypt, is_current, new_key
from notifications.webhooks import endpoints
from tenants.scope import tenant_scope


def rotate(line, now=None):
    with tenant_scope(line.salon.pk):
        return endpoints.rotate_secret(line.endpoint, now or datetime.now(UTC))


def test_a_call_is_believed_by_the_public_library(line, sender, receiver):
    line.test()

    sender.run()

    [call] = receiver.calls
    assert call.verified(line.secret)["type"] == "webhook.test"
    assert call.headers["content-type"] == "application/json"
    assert call.id == str(line.rows[0].event_id)
    assert set(call.event) == {"type", "timestamp", "data"}
    assert line.states == [("delivered", 1, 204)]


def test_one_changed_byte_or_an_old_moment_is_not_believed(line, sender, receiver):
    line.test()
    sender.run()
    [call] = receiver.calls
    changed = call.body.replace(b"live", b"life")
    old = {**call.headers, "webhook-timestamp": str(int(call.headers["webhook-timestamp"]) - 400)}

    for body, headers in ((changed, call.headers), (call.body, old)):
        with pytest.raises(WebhookVerificationError):
            Webhook(line.secret).verify(body, headers)


def test_both_secrets_sign_for_a_day_after_a_rotation(line, sender, receiver):
    new = rotate(line)
    line.test()
    sender.run()

    [call] = receiver.calls
    assert len(call.headers["webhook-signature"].split()) == 2
    assert call.verified(line.secret) == call.verified(new)


def test_only_the_new_secret_signs_when_the_day_is_over(line, sender, receiver):
    new = rotate(line, datetime.now(UTC) - timedelta(hours=24, seconds=1))
    line.test()
    sender.run()

    [call] = receiver.calls
    assert call.verified(new)
    with pytest.raises(WebhookVerificationError):
        call.verified(line.secret)


def test_a_second_rotation_ends_the_first_secret(line):
    second = rotate(line)
    third = rotate(line)

    assert endpoints.valid_secrets(line.reload(), datetime.now(UTC)) == [third, second]


def test_secrets_rest_encrypted(line):
    assert line.secret not in line.reload().secrets
    assert decrypt(line.endpoint.secrets) == {"current": line.secret}


def test_secrets_come_under_a_new_key_with_all_others(line, settings):
    old, new = settings.ENCRYPTION_KEYS, new_key()
    settings.ENCRYPTION_KEYS = [new, *old]
    reencrypt(1000)
    settings.ENCRYPTION_KEYS = [new]
    assert endpoints.valid_secrets(line.reload(), datetime.now(UTC)) == [line.secret]

    settings.ENCRYPTION_KEYS = [*old, new]
    reencrypt(1000)
    assert is_current(line.reload().secrets)
