"""A salon's accounts at providers, and what lies on the Phone."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels.registry import provider_choices
from tenants.models.base import HotModel, TenantModel


class Integration(TenantModel):
    """A salon's account at a provider; credentials are encrypted and write-only."""

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
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="integration_tenant_id"),
            models.UniqueConstraint(fields=["tenant", "identifier"], name="integration_identifier"),
        ]

    def __str__(self) -> str:
        return self.identifier


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
