"""The screens of texts, workflows and of what happened."""

from __future__ import annotations

from notifications.admin.delivery import NotificationAdmin
from notifications.admin.escalations import EscalationAdmin, ExternalDeliveryAdmin
from notifications.admin.sent import MessageAdmin
from notifications.admin.stops import PlatformStopAdmin, StopAdmin
from notifications.admin.templates import TemplateAdmin
from notifications.admin.webhook_deliveries import WebhookDeliveryAdmin
from notifications.admin.webhooks import WebhookEndpointAdmin
from notifications.admin.whatsapp import WhatsAppTemplateAdmin
from notifications.admin.workflows import WorkflowAdmin

__all__ = [
    "EscalationAdmin",
    "ExternalDeliveryAdmin",
    "MessageAdmin",
    "NotificationAdmin",
    "PlatformStopAdmin",
    "StopAdmin",
    "TemplateAdmin",
    "WebhookDeliveryAdmin",
    "WebhookEndpointAdmin",
    "WhatsAppTemplateAdmin",
    "WorkflowAdmin",
]
