"""What and when."""

from __future__ import annotations

from notifications.models.delivery import (
    Batch,
    Chunk,
    Counter,
    DeadLetter,
    Due,
    DueState,
    Event,
    EventKey,
    FanOut,
    LogEntry,
    Message,
    MessageState,
    Notification,
    NotificationState,
    ReceivedCallback,
)
from notifications.models.templates import MessageTemplate, TemplateVersion
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
