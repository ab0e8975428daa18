"""Which fields exist in Russian and English."""

from __future__ import annotations

from modeltranslation.translator import TranslationOptions, register

from notifications.models import MessageTemplate, Workflow


@register(MessageTemplate)
class MessageTemplateTranslation(TranslationOptions):
    """Everything that a client reads."""

    fields = ("title", "body", "letter", "image_url", "buttons")


@register(Workflow)
class WorkflowTranslation(TranslationOptions):
    """What staff read about a workflow."""

    fields = ("name", "description")
