"""The addresses of this room's API."""

from __future__ import annotations

from django.urls import path

from notifications.api.activity import ActivitiesView, ActivityView
from notifications.api.callbacks import callback
from notifications.api.escalations import AnswerView, CasesView, CaseView, CloseView, TakeView
from notifications.api.events import BroadcastView, BulkView, CancelView, TriggerView
from notifications.api.inbox import (
    CountView,
    FeedView,
    InboxView,
    ReadView,
    UnreadView,
    UnseenView,
)
from notifications.api.novu import ExternalDeliveriesView
from notifications.api.novu import adapter as novu_adapter
from notifications.api.novu import webhook as novu_webhook
from notifications.api.packs import PacksView, PackView
from notifications.api.preferences import (
    BulkPreferencesView,
    OldPreferencesView,
    OldPreferenceView,
    PreferencesView,
)
from notifications.api.sends import ScheduledView, ScheduleView, SendBatchView, SendView
from notifications.api.stops import StopsView, StopView
from notifications.api.webhooks import (
    DeliveriesView,
    ResendFailedView,
    ResendView,
    RotateView,
    TestView,
    WebhooksView,
    WebhookView,
)
from notifications.api.workflows import (
    DraftsView,
    DraftView,
    DryRunView,
    PublishView,
    SubmitView,
    WorkflowsView,
    WorkflowView,
)

_OLD_INBOX = "v1/subscribers/<str:subscriber_id>/notifications"
_INBOX = "v2/subscribers/<str:subscriber_id>/notifications"
_WEBHOOK = "v1/webhooks/<str:webhook_id>"

urlpatterns = [
    path("v1/events/trigger", TriggerView.as_view()),
    path("v1/events/trigger/bulk", BulkView.as_view()),
    path("v1/events/trigger/broadcast", BroadcastView.as_view()),
    path("v1/events/trigger/<str:transaction_id>", CancelView.as_view()),
    path("v1/notifications", ActivitiesView.as_view()),
    path("v1/notifications/send", SendView.as_view()),
    path("v1/notifications/send-batch", SendBatchView.as_view()),
    path("v1/notifications/schedule", ScheduleView.as_view()),
    path("v1/notifications/schedule/<str:transaction_id>", ScheduledView.as_view()),
    path("v1/notifications/<str:notification_id>", ActivityView.as_view()),
    path(f"{_OLD_INBOX}/feed", FeedView.as_view()),
    path(f"{_OLD_INBOX}/unseen", UnseenView.as_view()),
    path(_INBOX, InboxView.as_view()),
    path(f"{_INBOX}/count", CountView.as_view()),
    path(f"{_INBOX}/<str:notification_id>/read", ReadView.as_view()),
    path(f"{_INBOX}/<str:notification_id>/unread", UnreadView.as_view()),
    path("v1/packs", PacksView.as_view()),
    path("v1/packs/<str:name>", PackView.as_view()),
    path("v1/subscribers/<str:subscriber_id>/preferences", OldPreferencesView.as_view()),
    path(
        "v1/subscribers/<str:subscriber_id>/preferences/<str:workflow_id>",
        OldPreferenceView.as_view(),
    ),
    path("v2/subscribers/<str:subscriber_id>/preferences", PreferencesView.as_view()),
    path("v2/subscribers/<str:subscriber_id>/preferences/bulk", BulkPreferencesView.as_view()),
    path("v1/stops", StopsView.as_view()),
    path("v1/stops/<str:stop_id>", StopView.as_view()),
    path("v1/webhooks", WebhooksView.as_view()),
    path(_WEBHOOK, WebhookView.as_view()),
    path(f"{_WEBHOOK}/rotate-secret", RotateView.as_view()),
    path(f"{_WEBHOOK}/test", TestView.as_view()),
    path(f"{_WEBHOOK}/deliveries", DeliveriesView.as_view()),
    path(f"{_WEBHOOK}/deliveries/<str:delivery_id>/resend", ResendView.as_view()),
    path(f"{_WEBHOOK}/resend-failed", ResendFailedView.as_view()),
    path("v2/workflows", WorkflowsView.as_view()),
    path("v2/workflows/<str:workflow_id>", WorkflowView.as_view()),
    path("v1/workflows", DraftsView.as_view()),
    path("v1/workflows/<str:workflow_id>", DraftView.as_view()),
    path("v1/workflows/<str:workflow_id>/publish", PublishView.as_view()),
    path("v1/workflows/<str:workflow_id>/submit", SubmitView.as_view()),
    path("v1/workflows/<str:workflow_id>/dry-run", DryRunView.as_view()),
    path("v1/callbacks/<uuid:integration_id>/<str:token>", callback),
    path("v1/escalations", CasesView.as_view()),
    path("v1/escalations/<str:escalation_id>", CaseView.as_view()),
    path("v1/escalations/<str:escalation_id>/take", TakeView.as_view()),
    path("v1/escalations/<str:escalation_id>/answer", AnswerView.as_view()),
    path("v1/escalations/<str:escalation_id>/close", CloseView.as_view()),
    path("v1/external-deliveries", ExternalDeliveriesView.as_view()),
    path("internal/webhooks/novu/<uuid:integration_id>/<str:token>", novu_webhook),
    path("webhook/novu/<uuid:integration_id>/<str:token>", novu_adapter),
]
