"""The engine from trigger to receipt, against a real provider on loopback."""

from __future__ import annotations


def test_a_reminder_reaches_the_client_once_in_her_language(reminders, worker, provider):
    reminders.trigger(to={"subscriberId": "anna", "phone": "+79161234567", "locale": "ru"})

    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert "напоминаем" in provider.bodies[0]["body"].lower()
    assert "01.12.2026 в 15:30" in provider.bodies[0]["body"]
    assert [m.state for m in reminders.messages] == ["delivered", "sent"]  # in-app, then SMS
    assert [n.state for n in reminders.notifications] == ["completed"]
    assert reminders.due == []
