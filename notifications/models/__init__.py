"""What and when."""

from __future__ import annotations

from notifications.models.delivery import (
    Event,
    EventKey,
    LogEntry,
    Message,
    MessageState,
    Notification,
    NotificationState,
)
from notifications.models.digests import Digest
from notifications.models.drafts import DraftState
from notifications.models.escalations import (
    CaseState,
    Cause,
    DeskThread,
    Escalation,
    EscalationLine,
    ExternalDelivery,
)
from notifications.models.gates import PlatformStop, Preference, Stop
from notifications.models.templates import MessageTemplate, TemplateVersion
from notifications.models.webhooks import WebhookDelivery, WebhookEndpoint
from notifications.models.work import (
    Batch,
    Chunk,
    Counter,
    DeadLetter,
    Due,
    DueState,
    FanOut,
    LentCallback,
    Range,
    ReceivedCallback,
)
from notifications.models.workflows import (
    QUEUES,
    Category,
    Priority,
    Step,
    StepKind,
    Workflow,
    WorkflowVersion,
)

__all__ = [
    "QUEUES",
    "Batch",
    "CaseState",
    "Category",
    "Cause",
    "Chunk",
    "Counter",
    "DeadLetter",
    "DeskThread",
    "Digest",
    "DraftState",
    "Due",
    "DueState",
    "Escalation",
    "EscalationLine",
    "Event",
    "EventKey",
    "ExternalDelivery",
    "FanOut",
    "LentCallback",
    "LogEntry",
    "Message",
    "MessageState",
    "MessageTemplate",
    "Notification",
    "NotificationState",
    "PlatformStop",
    "Preference",
    "Priority",
    "Range",
    "ReceivedCallback",
    "Step",
    "StepKind",
    "Stop",
    "TemplateVersion",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Workflow",
    "WorkflowVersion",
]
