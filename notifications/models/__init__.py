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
from notifications.models.templates import MessageTemplate, TemplateVersion
from notifications.models.work import (
    Batch,
    Chunk,
    Counter,
    DeadLetter,
    Due,
    DueState,
    FanOut,
    ReceivedCallback,
)
from notifications.models.workflows import (
    Category,
    Priority,
    Step,
    StepKind,
    Workflow,
    WorkflowVersion,
)

__all__ = [
    "Batch",
    "Category",
    "Chunk",
    "Counter",
    "DeadLetter",
    "Due",
    "DueState",
    "Event",
    "EventKey",
    "FanOut",
    "LogEntry",
    "Message",
    "MessageState",
    "MessageTemplate",
    "Notification",
    "NotificationState",
    "Priority",
    "ReceivedCallback",
    "Step",
    "StepKind",
    "TemplateVersion",
    "Workflow",
    "WorkflowVersion",
]
