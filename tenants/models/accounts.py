"""The salons, the people who work for them, and the keys of their software."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import uuid7
from tenants.models.base import TenantModel
from tenants.scope import ScopedManager
from tenants.zones import timezones

LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]


class Mode(models.TextChoices):
    """Live traffic reaches providers; test traffic reaches the Phone."""

    LIVE = "live", _("Live")
    TEST = "test", _("Test")


class User(AbstractUser):
    """A person who logs in: platform staff (superuser) or a member of one or more salons."""

    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES, default="ru")

    class Meta(AbstractUser.Meta):
        pass


def check_timezone(value: str) -> None:
    """Refuse a zone that the machine's tz database does not know."""
    if value not in timezones():
        raise ValidationError(_("Unknown time zone: %(value)s."), params={"value": value})


class Tenant(models.Model):
    """One salon business (Organization in the Novu-compatible API)."""

    class State(models.TextChoices):
        """Suspended: API answers 403, tx waits, mk is canceled. Closed: nothing moves."""

        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        CLOSED = "closed", _("Closed")

    class Followed(models.TextChoices):
        """Of which letters opens and clicks are noted."""

        NONE = "none", _("No letters")
        MARKETING = "mk", _("Marketing letters")
        ALL = "all", _("All letters")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(_("identifier"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)
    timezone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Moscow", validators=[check_timezone]
    )
    language = models.CharField(
        _("default language"), max_length=2, choices=LANGUAGES, default="ru"
    )
    brand = models.JSONField(
        _("brand"), default=dict, blank=True, help_text=_("Colour, logo, phone, site, footer.")
    )
    followed_letters = models.CharField(
        _("follow letters"),
        max_length=4,
        choices=Followed,
        default=Followed.MARKETING,
        help_text=_("Notes that a letter was opened or a link in it followed."),
    )
    unsubscribe_always = models.BooleanField(
        _("a way to unsubscribe in service letters too"),
        default=False,
        help_text=_("Marketing letters always have it. It ends marketing, never reminders."),
    )
    four_eyes = models.BooleanField(
        _("a second person's look"),
        default=False,
        help_text=_("Texts and workflows are published by somebody who did not write them."),
    )
    limits = models.JSONField(
        _("limits"), default=dict, blank=True, help_text=_("Overrides of the platform's limits.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    state_reason = models.CharField(_("reason"), max_length=200, blank=True)
    is_sandbox = models.BooleanField(
        _("demo"), default=False, help_text=_("Everything goes to the Phone, nothing to providers.")
    )
    # Grows with every change of configuration (a database trigger): caches are keyed on it.
    config_version = models.BigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ScopedManager()

    class Meta:
        verbose_name = _("salon")
        verbose_name_plural = _("salons")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "suspended", "closed"]),
                name="tenant_state_known",
            )
        ]

    def __str__(self) -> str:
        return self.slug


class Location(TenantModel):
    """Where a salon receives its clients; every salon starts with one."""

    name = models.CharField(_("name"), max_length=200)
    address = models.CharField(_("address"), max_length=300, blank=True)
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[check_timezone],
        help_text=_("Empty: the salon's own."),
    )
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    map_url = models.URLField(_("map link"), blank=True)
    hours = models.JSONField(_("opening hours"), default=dict, blank=True)
    identifier = models.SlugField(_("identifier"), max_length=64, default="main")
    is_default = models.BooleanField(_("main location"), default=False)

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="location_tenant_id"),
            models.UniqueConstraint(fields=["tenant", "identifier"], name="location_identifier"),
            models.UniqueConstraint(
                fields=["tenant"], condition=models.Q(is_default=True), name="location_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.identifier


class Member(TenantModel):
    """What a user is in a salon."""

    class Role(models.TextChoices):
        """Roles inside a salon; platform staff stand above them."""

        OWNER = "owner", _("Owner")
        MARKETER = "marketer", _("Marketer")
        RECEPTIONIST = "receptionist", _("Receptionist")
        ANALYST = "analyst", _("Analyst")
        DEVELOPER = "developer", _("Developer")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(_("role"), max_length=12, choices=Role)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.user_id}"


class ApiKey(TenantModel):
    """A key of a salon's software: shown once, kept as a digest.

    issued_by: who has seen it; what it writes counts as written by that person.
    """

    name = models.CharField(_("name"), max_length=100, blank=True)
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    mode = models.CharField(_("mode"), max_length=4, choices=Mode, default=Mode.LIVE)
    scopes = models.JSONField(
        _("scopes"), default=list, blank=True, help_text=_("Empty: everything in its mode.")
    )
    issued_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    rotate_after = models.DateTimeField(_("rotation due"))
    expires_at = models.DateTimeField(
        _("expires"), null=True, blank=True, help_text=_("Empty: works until it is revoked.")
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        indexes = [models.Index(fields=["tenant", "created_at"], name="apikey_tenant")]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.mode})"

    def is_due(self, now: datetime) -> bool:
        """Ask whether the key should be rotated."""
        return self.revoked_at is None and now >= self.rotate_after


class PlatformKey(models.Model):
    """A key of the platform's operator: names the salon in each call, creates salons."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    rotate_after = models.DateTimeField(_("rotation due"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("platform key")
        verbose_name_plural = _("platform keys")

    def __str__(self) -> str:
        return f"{self.prefix}…"


class StoredResponse(TenantModel):
    """The first answer to an Idempotency-Key, kept for a day."""

    key = models.CharField(max_length=255)
    mode = models.CharField(max_length=4, choices=Mode)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("stored answer")
        verbose_name_plural = _("stored answers")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "mode", "key"], name="storedresponse_key")
        ]
        indexes = [models.Index(fields=["created_at"], name="storedresponse_age")]

    def __str__(self) -> str:
        return f"{self.status}"
