"""Under which addresses does the Phone live: included by config/urls.py under /phone/."""

from __future__ import annotations

from django.urls import URLPattern, path

from channels.api.phone import (
    ClientsView,
    LetterView,
    MessagesView,
    OpenView,
    PhonePage,
    PressView,
    ReadView,
    ReplyView,
    SwitchView,
)
from channels.api.phone_receive import ReceiveView
from channels.phone_reports import Reports, TakeCallback


def phone_routes(take: TakeCallback) -> list[URLPattern]:
    """Give the routes. take: the verb behind /v1/callbacks, which lives in a room above."""
    reports = Reports(take)
    return [
        path("", PhonePage.as_view(), name="phone"),
        path("receive/<uuid:integration_id>", ReceiveView.as_view(reports=reports)),
        path("clients", ClientsView.as_view()),
        path("messages", MessagesView.as_view()),
        path("letter/<uuid:key>", LetterView.as_view()),
        path("read", ReadView.as_view(reports=reports)),
        path("press", PressView.as_view(reports=reports)),
        path("reply", ReplyView.as_view(reports=reports)),
        path("open", OpenView.as_view(reports=reports)),
        path("switch", SwitchView.as_view(reports=reports)),
    ]
