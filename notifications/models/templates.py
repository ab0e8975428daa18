"""What is said: texts that the salon edits, and what of them was published."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.drafts import Draft, Frozen
from tenants.models.base import inside
from tenants.scope import ScopedManager


class MessageTemplate(Draft):
    """The text of one channel step; the row is the draft, versions are what is sent."""

    key = models.SlugField(_("identifier"), max_length=120)
    name = models.CharField(_("name"), max_length=200)
    title = models.CharField(
        _("title or subject"), max_length=300, blank=True, help_text=_("Subject of an e-mail.")
    )
    body = models.TextField(_("text"), blank=True)
    letter = models.TextField(
        _("e-mail design"),
        blank=True,
        help_text=_("MJML or HTML for e-mail alone. Empty: the text in the salon's own layout."),
    )
    image_url = models.CharField(_("picture"), max_length=500, blank=True)
    buttons = models.JSONField(
        _("buttons"),
        default=list,
        blank=True,
        help_text=_('A list such as [{"text": "Confirm", "url": "{{ confirmUrl }}"}].'),
    )
    published = models.ForeignKey(
        "notifications.TemplateVersion",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        db_constraint=False,
        related_name="+",
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    # modeltranslation replaces the manager; declared so that types and scope stay
    objects: ClassVar[ScopedManager] = ScopedManager()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="messagetemplate_tenant_id"),
            models.UniqueConstraint(fields=["tenant", "key"], name="messagetemplate_key"),
        ]

    def __str__(self) -> str:
        return self.key


class TemplateVersion(Frozen):
    """One published state of a template, frozen: notifications.definition reads it."""

    template = inside("notifications.MessageTemplate", related_name="versions", db_index=False)
    texts = models.JSONField(_("texts"))

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="templateversion_tenant_id"),
            models.UniqueConstraint(
                fields=["tenant", "template", "number"], name="templateversion_number"
            ),
        ]
