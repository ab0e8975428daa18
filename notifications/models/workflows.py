"""What happens after a trigger: workflows, their steps, and what of them was published."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.drafts import Draft, Frozen
from tenants.models.base import TenantModel, inside
from tenants.scope import ScopedManager


class Category(models.TextChoices):
    """The hard border: consent, quiet hours, frequency and queue depend on it."""

    TX = "tx", _("Transactional")
    MK = "mk", _("Marketing")


class Priority(models.TextChoices):
    """One RQ queue each, same names."""

    URGENT = "urgent", _("Urgent")
    HIGH = "high", _("High")
    NORMAL = "normal", _("Normal")
    LOW = "low", _("Low")


QUEUES = tuple(Priority.values)  # position = the number in Event.queue and Due.queue


class StepKind(models.TextChoices):
    """Kinds of steps that the engine has handlers for."""

    IN_APP = "in_app", _("In-app")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    CHAT = "chat", _("Messenger")
    PUSH = "push", _("Push")
    WEBHOOK = "webhook", _("Webhook")
    DELAY = "delay", _("Delay")
    CONDITION = "condition", _("Condition")
    THROTTLE = "throttle", _("Throttle")
    AB_SPLIT = "ab_split", _("A/B split")
    DIGEST = "digest", _("Digest")
    WAIT_FOR_REPLY = "wait_for_reply", _("Wait for a reply")
    FALLBACK = "fallback", _("Fallback")
    ESCALATE = "escalate", _("Hand to staff")


class Workflow(Draft):
    """An ordered list of steps for one kind of event; the rows are the draft."""

    identifier = models.SlugField(_("identifier"), max_length=120)
    name = models.CharField(_("name"), max_length=200)
    description = models.CharField(_("description"), max_length=500, blank=True)
    category = models.CharField(_("category"), max_length=2, choices=Category, default=Category.TX)
    priority = models.CharField(
        _("priority"), max_length=6, choices=Priority, default=Priority.NORMAL
    )
    is_critical = models.BooleanField(
        _("critical"),
        default=False,
        help_text=_("Clients cannot switch it off; failures escalate."),
    )
    expires_after_s = models.PositiveIntegerField(
        _("expires after, seconds"),
        null=True,
        blank=True,
        help_text=_("Later than this a message is skipped as expired."),
    )
    payload_schema = models.JSONField(_("payload schema"), default=dict, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    pack = models.CharField(_("pack"), max_length=64, blank=True, editable=False)
    pack_version = models.PositiveIntegerField(null=True, editable=False)
    # What the pack said when it was copied: whatever differs from it is the salon's own wish.
    pack_document = models.JSONField(default=dict, editable=False)
    published = models.ForeignKey(
        "notifications.WorkflowVersion",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        db_constraint=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta:
        verbose_name = _("workflow")
        verbose_name_plural = _("workflows")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="workflow_tenant_id"),
            models.UniqueConstraint(fields=["tenant", "identifier"], name="workflow_identifier"),
            models.CheckConstraint(
                condition=models.Q(category="tx") | models.Q(priority__in=["normal", "low"]),
                name="workflow_mk_never_above_normal",
            ),
        ]

    def __str__(self) -> str:
        return self.identifier


class Step(TenantModel):
    """One step of a workflow's draft."""

    workflow = inside("notifications.Workflow", related_name="steps", db_index=False)
    key = models.SlugField(_("identifier"), max_length=64)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    kind = models.CharField(_("kind"), max_length=16, choices=StepKind)
    channels = models.JSONField(
        _("channels"),
        default=list,
        blank=True,
        help_text=_("In order: chat, telegram, whatsapp, sms, email, push. One message."),
    )
    settings = models.JSONField(
        _("settings"),
        default=dict,
        blank=True,
        help_text=_('A delay: {"seconds": 3600}. Other kinds: docs/reference/steps.md.'),
    )
    template = inside(
        "notifications.MessageTemplate", null=True, blank=True, on_delete=models.PROTECT
    )

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "workflow", "key"], name="step_key"),
        ]

    def __str__(self) -> str:
        return self.key


class WorkflowVersion(Frozen):
    """One published state of a workflow, frozen as one document (notifications.definition)."""

    workflow = inside("notifications.Workflow", related_name="versions", db_index=False)
    document = models.JSONField(_("document"))

    class Meta:
        verbose_name = _("workflow version")
        verbose_name_plural = _("workflow versions")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="workflowversion_tenant_id"),
            models.UniqueConstraint(
                fields=["tenant", "workflow", "number"], name="workflowversion_number"
            ),
        ]
