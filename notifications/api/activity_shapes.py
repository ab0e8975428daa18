"""How does a notification's story look in the wire contract's words? One activity row.

The contract's lists of providers and step types are closed and know neither VK nor MAX; the true
channel, provider and reason stand in each detail's text and in our own `story`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from channels.kinds import CHANNEL_OF_ADDRESS
from notifications.story import NotificationStory, StepOutline, StoryLine, tell_one
from notifications.story_words import tell_line
from tenants.api.shapes import owner
from tenants.bodies import iso, present
from tenants.ids import created_at

Json = dict[str, Any]

#: Kind of address, or of step where nothing was sent -> the contract's provider.
PROVIDER_IDS: Mapping[str, str] = {
    "in_app": "novu",
    "email": "nodemailer",
    "phone": "generic-sms",
    "sms": "generic-sms",
    "telegram": "telegram",
    "whatsapp": "whatsapp-business",
    "vk": "chat-webhook",
    "max": "chat-webhook",
    "instagram": "chat-webhook",
    "chat": "chat-webhook",
    "push": "push-webhook",
    "fcm": "fcm",
    "apns": "apns",
    "web_push": "push-webhook",
    "slack": "slack",
    "discord": "discord",
    "teams": "msteams",
    "mattermost": "mattermost",
    "ntfy": "chat-webhook",
    "url": "tool-webhook",
    "webhook": "tool-webhook",
}
OTHER_PROVIDER = "novu"

STEP_TYPES = {"in_app", "email", "sms", "chat", "push", "digest", "delay", "throttle"}
CHANNELS = {"in_app", "email", "sms", "chat", "push"}
OTHER_STEPS: Mapping[str, str] = {"webhook": "http_request"}

#: Status of a log line -> of its job; "late" tells nothing new about the step.
JOB_STATUS: Mapping[str, str] = {
    "sent": "completed",
    "delivered": "completed",
    "read": "completed",
    "unread": "completed",
    "answered": "completed",
    "unknown": "completed",
    "done": "completed",
    "failed": "failed",
    "bounced": "failed",
    "skipped": "skipped",
    "waiting": "delayed",
    "retry": "delayed",
    "canceled": "canceled",
    "merged": "merged",
}
DETAIL_STATUS: Mapping[str, str] = {
    "sent": "Success",
    "delivered": "Success",
    "done": "Success",
    "answered": "Success",
    "read": "ReadConfirmation",
    "failed": "Failed",
    "bounced": "Failed",
    "waiting": "Pending",
    "retry": "Pending",
}
TOLD_OF_LINE = ("reason", "channel", "provider", "cost", "currency")
REPORTED = {
    "delivered",
    "read",
    "bounced",
    "answered",
    "reported",
}  # told by the provider, in-app aside
SOURCE_OF_REASON: Mapping[str, str] = {"auth_pause": "Credentials", "render_failed": "Payload"}


def activity(story: NotificationStory, tenant_id: Any, language: str = "") -> Json:
    """ACT with jobs, and `story`: the same in human words."""
    row: Json = {
        "_id": str(story.notification),
        **owner(tenant_id, story.mode),
        "_subscriberId": str(story.subscriber_id),
        "_templateId": str(story.workflow_id),
        "transactionId": story.transaction_id,
        "createdAt": iso(created_at(story.notification)),
        "updatedAt": iso(story.lines[-1].time),
        "status": story.state,
        "channels": _channels(story),
        "template": _template(story, language or story.language),
        "payload": story.payload,
        "to": {"subscriberId": story.subscriber},
        "severity": "none",
        "critical": story.is_critical,
        "jobs": [_job(story, position) for position in range(len(story.steps))],
        "story": tell_one(story, language or story.language),
    }
    if story.subscriber:
        row["subscriber"] = _subscriber(story)
    return row | present(
        {
            "reason": story.reason,
            "waitsUntil": iso(story.waits_until) if story.waits_until else None,
            "waitsFor": story.waits_for,
        }
    )


def channel_of(kind: str) -> str:
    """Give the contract's word for a kind of address."""
    return str(CHANNEL_OF_ADDRESS.get(kind, kind))


def _channels(story: NotificationStory) -> list[str]:
    used = [channel_of(line.channel) for line in story.lines if line.channel]
    planned = [step.kind for step in story.steps]
    return [word for word in dict.fromkeys(used or planned) if word in CHANNELS]


def _subscriber(story: NotificationStory) -> Json:
    person = {"_id": str(story.subscriber_id), "subscriberId": story.subscriber}
    return person | present({"firstName": story.first_name, "lastName": story.last_name})


def _template(story: NotificationStory, language: str) -> Json:
    trigger = {"type": "event", "identifier": story.workflow, "variables": []}
    return {
        "_id": str(story.workflow_id),
        "name": story.names[language] or story.workflow,
        "triggers": [trigger],
    }


def _job(story: NotificationStory, position: int) -> Json:
    step = story.steps[position]
    lines = [line for line in story.lines if line.position == position and line.step]
    provider_id = _provider_id(step, lines)
    return {
        "_id": f"{story.notification}-{step.key}",
        "type": step.kind if step.kind in STEP_TYPES else OTHER_STEPS.get(step.kind, "custom"),
        "status": _job_status(story, position, lines),
        "providerId": provider_id,
        "executionDetails": [_detail(story, line, provider_id) for line in lines],
        "step": {
            "_id": f"{story.workflow_id}-{step.key}",
            "active": True,
            "filters": [],
            "_templateId": step.template,
            "name": step.key,
        },
    }


def _provider_id(step: StepOutline, lines: Sequence[StoryLine]) -> str:
    kinds = [line.channel for line in lines if line.channel]
    return PROVIDER_IDS.get(kinds[-1] if kinds else step.kind, OTHER_PROVIDER)


def _job_status(story: NotificationStory, position: int, lines: Sequence[StoryLine]) -> str:
    if story.standing == position:
        return "pending" if story.state == "queued" and not lines else story.state
    told = [JOB_STATUS[line.status] for line in lines if line.status in JOB_STATUS]
    if told:
        return told[-1]
    is_over = story.finished_at is not None
    return ("canceled" if story.state == "canceled" else "skipped") if is_over else "pending"


def _detail(story: NotificationStory, line: StoryLine, provider_id: str) -> Json:
    is_reported = line.status in REPORTED and line.channel != "in_app"
    source = "Webhook" if is_reported else SOURCE_OF_REASON.get(line.reason, "Internal")
    return {
        "_id": str(line.id),
        "createdAt": iso(line.time),
        "status": DETAIL_STATUS.get(line.status, "Warning"),
        "detail": tell_line(line, "en", ZoneInfo(story.zone)),
        "isRetry": line.status == "retry",
        "isTest": story.mode == "test",
        "source": source,
        "providerId": provider_id,
    } | present({name: getattr(line, name) for name in TOLD_OF_LINE})
