"""A salon's software that has called before: its key is known, its workflow kept."""

from __future__ import annotations

from notifications.models import Event
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import ApiKeyFactory
from tests.notifications.conftest import Reminders

PATH = "/v1/events/trigger"


class Caller:
    """A salon's software that has called before."""

    def __init__(self, reminders: Reminders) -> None:
        self.reminders = reminders
        reminders.workflow("hello", "sms")
        self.key = ApiKeyFactory.create(tenant=reminders.salon)
        self.api = Api(self.key.text)
        for _ in range(2):  # a call that notes the key's use leaves the salon's cache as it was
            assert self.trigger("first").status_code == 201

    def trigger(self, transaction: str | None = None, **changes):
        headers = changes.pop("headers", {})
        body = {"name": "hello", "to": "anna", "payload": {}, **changes}
        if transaction:
            body["transactionId"] = transaction
        return self.api.post(PATH, body, **headers)

    def change(self, model, **values) -> None:
        with tenant_scope(self.reminders.salon.pk):
            model.objects.filter(tenant_id=self.reminders.salon.pk).update(**values)

    @property
    def accepted(self) -> list[str]:
        return [event.transaction_id for event in self.reminders.all(Event)]
