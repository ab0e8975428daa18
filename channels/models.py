"""Accounts at providers with what belongs to them, and what lies on the Phone."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels.policy import target_choices
from tenants.ids import uuid7
from tenants.models.accounts import LANGUAGES
from tenants.models.base import HotModel, TenantModel, inside


def provider_choices() -> list[tuple[str, str]]:
    """List the providers; whoever only starts does not load their libraries."""
    from channels.registry import ADAPTERS

    return [(provider, provider) for provider in ADAPTERS]


class ProviderAccount(models.Model):
    """What every account at a provider has; credentials are encrypted and write-only."""

    class State(models.TextChoices):
        """Paused: the provider refused the account; a probe resumes it."""

        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        DISABLED = "disabled", _("Off")

    name = models.CharField(_("name"), max_length=100)
    identifier = models.SlugField(_("identifier"), max_length=64)
    provider = models.CharField(_("provider"), max_length=32, choices=provider_choices)
    kind = models.CharField(_("channel kind"), max_length=10)
    credentials = models.TextField(editable=False, blank=True)  # channels.secrets
    position = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("The first usable one of a kind is taken.")
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    state_reason = models.CharField(_("reason"), max_length=200, blank=True)
    # Set by a provider's "too many": nothing is sent before this moment.
    frozen_until = models.DateTimeField(null=True, blank=True, editable=False)
    callback_token = models.CharField(max_length=43, editable=False)
    # when the provider is told our address: next, last; what stood against it
    connect_at = models.DateTimeField(null=True, blank=True, editable=False)
    connected_at = models.DateTimeField(null=True, blank=True, editable=False)
    connect_fault = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.identifier


class Integration(ProviderAccount, TenantModel):
    """A salon's account at a provider."""

    # what names it in callbacks that many accounts share: Adapter.route_of
    route = models.CharField(max_length=100, blank=True, editable=False)

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="integration_tenant_id"),
            models.UniqueConstraint(fields=["tenant", "identifier"], name="integration_identifier"),
        ]
        indexes = [
            models.Index(
                fields=["provider", "route"],
                name="integration_route",
                condition=~models.Q(route=""),
            )
        ]


class DefaultIntegration(ProviderAccount):
    """The platform's own account, used by every salon that has none of this kind."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        verbose_name = _("default integration")
        verbose_name_plural = _("default integrations")
        constraints = [
            models.UniqueConstraint(fields=["identifier"], name="defaultintegration_identifier")
        ]


class PhoneMessage(HotModel):
    """One message on the Phone: what a client of a demo salon, or of a test key, would see."""

    message_id = models.UUIDField(unique=True)  # ours; a repeated send shows once
    integration_id = models.UUIDField()
    channel = models.CharField(max_length=10)
    address = models.CharField(max_length=1024)
    content = models.JSONField()
    received_at = models.DateTimeField(auto_now_add=True)
    pressed = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("message on the Phone")
        verbose_name_plural = _("messages on the Phone")
        indexes = [models.Index(fields=["tenant", "id"], name="phonemessage_new")]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"


class PhoneSwitch(TenantModel):
    """A fault that a demo phone plays: no network, not registered, blocked, slow, window closed."""

    class Fault(models.TextChoices):
        """What the Phone does instead of taking the message."""

        NO_NETWORK = "no_network", _("No network")
        NOT_REGISTERED = "not_registered", _("Not registered")
        BLOCKED = "blocked", _("Blocked the salon")
        SLOW = "slow", _("Slow: 10 seconds")
        WINDOW_CLOSED = "window_closed", _("24-hour window closed")

    subscriber_id = models.UUIDField()
    channel = models.CharField(max_length=10, blank=True)  # empty: every channel
    fault = models.CharField(max_length=16, choices=Fault)

    class Meta:
        verbose_name = _("switch of the Phone")
        verbose_name_plural = _("switches of the Phone")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subscriber_id", "channel", "fault"], name="phoneswitch_once"
            )
        ]

    def __str__(self) -> str:
        return self.fault


class ChannelRule(TenantModel):
    """What a salon lets a place or a channel carry; channels.policy has the defaults."""

    target = models.CharField(_("channel"), max_length=16, choices=target_choices)
    may_tx = models.BooleanField(_("transactional messages"), default=True)
    may_mk = models.BooleanField(_("marketing"), default=True)

    class Meta:
        verbose_name = _("channel rule")
        verbose_name_plural = _("channel rules")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "target"], name="channelrule_target")
        ]

    def __str__(self) -> str:
        return self.target


class SenderName(TenantModel):
    """A sender's name that operators show instead of a number: registered, paid, per operator."""

    class State(models.TextChoices):
        """Only a registered name is used: operators drop messages of others."""

        REQUESTED = "requested", _("Requested")
        REGISTERED = "registered", _("Registered")
        REFUSED = "refused", _("Refused")

    integration = inside("channels.Integration", related_name="sender_names", db_index=False)
    prefix = models.CharField(
        _("numbers that begin with"),
        max_length=16,
        blank=True,
        validators=[RegexValidator(r"^\+[0-9]{1,15}$")],
        help_text=_("A country or an operator, such as +7 or +7916. Empty: all other numbers."),
    )
    sender = models.CharField(
        _("sender's name"),
        max_length=15,
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9 ._&+-]*$")],
        help_text=_("Latin letters and digits, usually up to 11, as the operator registered it."),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.REQUESTED)

    class Meta:
        verbose_name = _("sender's name")
        verbose_name_plural = _("senders' names")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "integration", "prefix"], name="sendername_prefix"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sender} {self.prefix}".strip()


class WhatsAppTemplate(TenantModel):
    """A text that WhatsApp must approve: what is written now, what was submitted, what runs.

    text_id: the message template (of the room above) that it stands for outside the window.
    Submitted and approved are kept apart: an approved text runs until the new one is approved.
    """

    class Category(models.TextChoices):
        """WhatsApp's own; it may move a template to another one."""

        UTILITY = "utility", _("Service message")
        MARKETING = "marketing", _("Marketing")
        AUTHENTICATION = "authentication", _("Login code")

    class State(models.TextChoices):
        """Of the newest text; what runs may be an older one."""

        DRAFT = "draft", _("Not submitted")
        PENDING = "pending", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        PAUSED = "paused", _("Paused by WhatsApp")
        DISABLED = "disabled", _("Switched off by WhatsApp")

    integration = inside("channels.Integration", db_index=False)
    text_id = models.UUIDField(_("message template"), null=True, blank=True)
    name = models.CharField(
        _("name"),
        max_length=200,
        validators=[RegexValidator(r"^[a-z0-9_]+$")],
        help_text=_("Lower-case letters, digits and _; WhatsApp sees it with a number behind."),
    )
    language = models.CharField(_("language"), max_length=5, choices=LANGUAGES, default="ru")
    category = models.CharField(
        _("category"), max_length=14, choices=Category, default=Category.UTILITY
    )
    header = models.CharField(_("heading"), max_length=60, blank=True)
    body = models.TextField(
        _("text"),
        max_length=1024,
        help_text=_("With variables such as {{ clientName }}, neither first nor last in it."),
    )
    footer = models.CharField(_("footer"), max_length=60, blank=True)
    buttons = models.JSONField(
        _("buttons"),
        default=list,
        blank=True,
        help_text=_('A list such as [{"text": "Confirm", "action": "confirm"}].'),
    )
    examples = models.JSONField(
        _("examples"),
        default=dict,
        blank=True,
        help_text=_('What WhatsApp\'s reviewers see, such as {"clientName": "Anna"}.'),
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.DRAFT, editable=False
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)
    number = models.PositiveIntegerField(default=0, editable=False)  # of submissions
    provider_id = models.CharField(max_length=64, blank=True, editable=False)
    submitted_name = models.CharField(max_length=220, blank=True, editable=False)
    submitted = models.JSONField(null=True, editable=False)
    approved_name = models.CharField(max_length=220, blank=True, editable=False)
    approved = models.JSONField(null=True, editable=False)
    is_running = models.BooleanField(default=False, editable=False)  # the approved one may go
    synced_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("WhatsApp template")
        verbose_name_plural = _("WhatsApp templates")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "integration", "name", "language"], name="whatsapptemplate_name"
            ),
            models.UniqueConstraint(
                fields=["tenant", "integration", "text_id", "language"],
                name="whatsapptemplate_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.language}"
