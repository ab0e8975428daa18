"""The addresses of this room's API."""

from __future__ import annotations

from django.urls import path

from notifications.api.callbacks import callback
from notifications.api.events import BroadcastView, BulkView, CancelView, TriggerView

urlpatterns = [
    path("v1/events/trigger", TriggerView.as_view()),
    path("v1/events/trigger/bulk", BulkView.as_view()),
    path("v1/events/trigger/broadcast", BroadcastView.as_view()),
    path("v1/events/trigger/<str:transaction_id>", CancelView.as_view()),
    path("v1/callbacks/<uuid:integration_id>/<str:token>", callback),
]
