"""Who can be written to, and where."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.accounts import LANGUAGES, Mode, check_timezone
from tenants.models.base import TenantModel, inside


class Subscriber(TenantModel):
    """A client of the salon, or one of its staff."""

    class Kind(models.TextChoices):
        """Staff get booking events and alerts, never marketing."""

        CLIENT = "client", _("Client")
        STAFF = "staff", _("Staff")

    mode = models.CharField(_("mode"), max_length=4, choices=Mode, default=Mode.LIVE)
    subscriber_id = models.CharField(
        _("salon's own key"), max_length=255, help_text=_("As in the booking system.")
    )
    kind = models.CharField(_("kind"), max_length=6, choices=Kind, default=Kind.CLIENT)
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    avatar = models.URLField(_("picture"), blank=True, max_length=500)
    language = models.CharField(
        _("language"),
        max_length=2,
        choices=LANGUAGES,
        blank=True,
        help_text=_("Empty: the salon's."),
    )
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[check_timezone],
        help_text=_("Empty: the salon's."),
    )
    preferred_channel = models.CharField(
        _("preferred channel"), max_length=16, blank=True, help_text=_("telegram, sms, email…")
    )
    data = models.JSONField(_("attributes"), default=dict, blank=True)
    last_visit_at = models.DateTimeField(_("last visit"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="subscriber_tenant_id"),
            models.UniqueConstraint(
                fields=["tenant", "mode", "subscriber_id"], name="subscriber_key"
            ),
        ]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"


class AddressKind(models.TextChoices):
    """Where a subscriber can be reached, in the words of channels.kinds."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    TELEGRAM = "telegram", "Telegram"
    WHATSAPP = "whatsapp", "WhatsApp"
    VK = "vk", "VK"
    MAX = "max", "MAX"
    INSTAGRAM = "instagram", "Instagram"
    PUSH = "push", _("Push token")
    FCM = "fcm", _("Push: Android and others (FCM)")
    APNS = "apns", _("Push: iPhone (APNs)")
    WEB_PUSH = "web_push", _("Push: browser")
    SLACK = "slack", "Slack"
    DISCORD = "discord", "Discord"
    TEAMS = "teams", "Microsoft Teams"
    MATTERMOST = "mattermost", "Mattermost"
    NTFY = "ntfy", "ntfy"


class Address(TenantModel):
    """One place where a subscriber is reached; the value is normalised (E.164, lower case)."""

    class State(models.TextChoices):
        """Inactive: the provider says it is dead. Suppressed: the person said no."""

        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive")
        SUPPRESSED = "suppressed", _("Suppressed")

    subscriber = inside("tenants.Subscriber", related_name="addresses", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=AddressKind)
    # browsers' subscriptions are the longest, and ASCII: an index row holds 2,704 bytes
    value = models.CharField(_("value"), max_length=1024)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    reason = models.CharField(_("reason"), max_length=100, blank=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)
    # only messengers that allow free text for a day have it; empty: nobody has told
    window_until = models.DateTimeField(
        _("may be written to freely until"), null=True, editable=False
    )

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subscriber", "kind", "value"], name="address_once"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "kind", "value"], name="address_value")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Topic(TenantModel):
    """A named list of subscribers that one trigger can address."""

    mode = models.CharField(_("mode"), max_length=4, choices=Mode, default=Mode.LIVE)
    key = models.CharField(_("key"), max_length=100)
    name = models.CharField(_("name"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="topic_tenant_id"),
            models.UniqueConstraint(fields=["tenant", "mode", "key"], name="topic_key"),
        ]

    def __str__(self) -> str:
        return self.key


class TopicMember(TenantModel):
    """A subscriber on a topic's list."""

    topic = inside("tenants.Topic", related_name="members", db_index=False)
    subscriber = inside("tenants.Subscriber", db_index=False)
    created_at = models.DateTimeField(_("joined"), auto_now_add=True)

    class Meta:
        verbose_name = _("topic member")
        verbose_name_plural = _("topic members")
        constraints = [
            # also the order in which fanout walks a topic
            models.UniqueConstraint(
                fields=["tenant", "topic", "subscriber"], name="member_of_topic"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "subscriber"], name="topicmember_subscriber")]

    def __str__(self) -> str:
        return f"member {self.pk}"
