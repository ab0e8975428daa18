"""The screens of workflows: the draft with its steps in order, publishing, and what is live."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin

from notifications.admin.channels_field import ChannelsField
from notifications.admin.pack_words import in_words
from notifications.admin.packs import OffersPacks
from notifications.admin.publishing_screen import PublishingScreen
from notifications.admin.rehearsal_form import fields_of
from notifications.admin.rehearsing import RehearsalScreen
from notifications.admin.step_hints import settings_hint
from notifications.admin.words import told
from notifications.compatibility import compatibility_problems
from notifications.importing import Import
from notifications.models import Step, Workflow, WorkflowVersion
from notifications.pack_updates import apply, update_for
from notifications.publishing import (
    PublishRefused,
    document_of,
    publish_workflow,
    restore_workflow,
)
from notifications.refusals import workflow_problems
from notifications.reviewing import note_edit
from notifications.succession import next_identifier, publish_as_new
from notifications.trial import IDENTIFIER as TRIAL
from tenants.admin_base import SalonForm, SalonStacked, column, person, submit_button

PUBLISH = "notifications_workflow_save_and_publish"  # the button's name in the form
CATEGORY_LABELS = {"tx": "info", "mk": "warning"}


class StepForm(SalonForm):
    """One step; channels are words in order."""

    channels = ChannelsField()

    class Meta:
        model = Step
        fields = ("position", "key", "kind", "channels", "template", "settings")
        labels = {"template": _("Template")}
        help_texts = {"settings": settings_hint}


class WorkflowForm(SalonForm):
    """A workflow; the labels say the language in words."""

    class Meta:
        model = Workflow
        exclude = ("tenant", "published")
        labels = {
            "name_ru": _("Name in Russian"),
            "name_en": _("Name in English"),
            "description_ru": _("Description in Russian"),
            "description_en": _("Description in English"),
        }


class StepInline(SalonStacked):
    """The steps, dragged into order."""

    model = Step
    area = "workflows"
    form = StepForm
    ordering_field = "position"
    hide_ordering_field = True
    autocomplete_fields = ("template",)
    fields = (("kind", "key"), ("template", "channels"), "settings", "position")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the templates in the same query."""
        return super().get_queryset(request).select_related("template")


@admin.register(Workflow)
class WorkflowAdmin(PublishingScreen, RehearsalScreen, OffersPacks, TranslationAdmin):  # type: ignore[type-arg,misc]  # not generic at run time
    """What happens after an event."""

    area = "workflows"
    publish, restore = staticmethod(publish_workflow), staticmethod(restore_workflow)
    versions, owner = WorkflowVersion, "workflow"
    published_words = _("Published: version %(number)s runs now.")
    form = WorkflowForm
    list_display = (
        *("name", "identifier", "category_label", "priority", "live", "state_label", "is_active"),
    )
    list_filter = ("category", "priority", "is_active")
    list_select_related = ("published",)
    search_fields = ("name", "identifier")
    ordering = ("identifier",)
    inlines = (StepInline,)
    actions_submit_line = ("save_and_publish",)
    change_form_outer_before_template = "notifications/admin/workflow_live.html"
    change_form_outer_after_template = "notifications/admin/workflow_panels.html"
    fieldsets = (
        (None, {"fields": (("name_ru", "name_en"), ("description_ru", "description_en"))}),
        (None, {"fields": (("identifier", "is_active"), ("category", "priority"))}),
        (_("More"), {"fields": (("is_critical", "expires_after_s"), "payload_schema")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave out the one that carries tries of templates: nobody edits it."""
        return super().get_queryset(request).exclude(identifier=TRIAL)

    def heading(self, row: Workflow) -> str:
        """Head the page by the workflow's name."""
        return str(row.name)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Software calls a workflow by its identifier: once published it stays."""
        return ("identifier",) if obj is not None and obj.published_id else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was published stays: accepted work walks through it. Switch it off instead."""
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and not (obj is not None and obj.published_id)

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer no deletion of many: some of them run."""
        offered = super().get_actions(request)
        offered.pop("delete_selected", None)
        return offered

    @submit_button(_("Save and publish"))
    def save_and_publish(self, request: HttpRequest, obj: Workflow) -> None:
        """Leave the work to response_change: the steps are saved after the workflow."""

    def response_change(self, request: HttpRequest, obj: Workflow) -> HttpResponse:
        """Publish what has just been saved with its steps, or say what stands in the way."""
        if PUBLISH not in request.POST or not self.has_change_permission(request, obj):
            return super().response_change(request, obj)
        if not self.tell(request, lambda: publish_workflow(obj, person(request))):
            self.message_user(request, _("Saved as a draft, not published."), messages.WARNING)
        return self.back(obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Note who changed the steps: they are the draft's as well."""
        super().save_related(request, form, formsets, change)
        if any(formset.has_changed() for formset in formsets):
            note_edit(form.instance, person(request), datetime.now(UTC))

    def get_urls(self) -> Any:
        """Add publishing under a new identifier, and following a newer pack."""
        wrap, name = self.admin_site.admin_view, "notifications_workflow"
        return [
            path("<uuid:pk>/renew/", wrap(self.renew_view), name=f"{name}_renew"),
            path("<uuid:pk>/update/", wrap(self.update_view), name=f"{name}_update"),
            *super().get_urls(),
        ]

    def update_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Take the newer pack over, but for what the salon has changed (POST only)."""
        draft = self.draft(request, pk)
        update = update_for(draft)
        if request.method == "POST" and update is not None:
            how = Import(draft.tenant_id, datetime.now(UTC), person(request))
            try:
                with transaction.atomic():
                    apply(draft, update, how)
            except PublishRefused as refused:
                for words in told(refused.problems):
                    self.message_user(request, words, messages.ERROR)
            else:
                done = _("Version %(number)s of the pack is taken over; your own changes stay.")
                self.message_user(request, done % {"number": update.version}, messages.SUCCESS)
        return self.back(draft)

    def renew_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Publish the draft under a new identifier (POST only)."""
        draft = shown = self.draft(request, pk)
        if request.method == "POST":
            try:
                with transaction.atomic():
                    shown = publish_as_new(draft, person(request))
            except PublishRefused as refused:
                for words in told(refused.problems):
                    self.message_user(request, words, messages.ERROR)
            else:
                words = _("Published as “%(identifier)s”.") % {"identifier": shown.identifier}
                self.message_user(request, words, messages.SUCCESS)
        return self.back(shown)

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Show what is live above the form."""
        draft = self.get_object(request, object_id)
        if draft is not None and self.has_view_permission(request, draft):
            extra = kwargs.setdefault("extra_context", None) or {}
            kwargs["extra_context"] = extra | self._panels(request, draft)
        return super().change_view(request, object_id, *args, **kwargs)

    @column(_("category"), ordering="category", label=CATEGORY_LABELS)
    def category_label(self, row: Workflow) -> tuple[str, str]:
        """Colour the category."""
        return row.category, row.get_category_display()

    @column(_("live"), label={"live": "success", "draft": "warning"})
    def live(self, row: Workflow) -> tuple[str, Any]:
        """Say which version runs."""
        if row.published is None:
            return "draft", _("draft only")
        return "live", _("version %(number)s") % {"number": row.published.number}

    def _panels(self, request: HttpRequest, draft: Workflow) -> dict[str, Any]:
        versions = WorkflowVersion.objects.filter(pk=draft.published_id)
        steps = list(Step.objects.filter(workflow=draft).select_related("template__published"))
        live, document = versions.select_related("published_by").first(), document_of(draft, steps)
        problems = workflow_problems(draft, steps)
        broken = compatibility_problems(live.document, document) if live else []
        is_changed = live is None or live.document != document
        return self.review_panel(request, draft, is_changed) | {
            "draft": draft,
            "live_version": live,
            "problems": told([*problems, *broken]),
            "event_fields": fields_of(draft, steps),
            **_pack_panel(draft),
            "may_renew": broken and not problems and self.has_change_permission(request, draft),
            "next_identifier": next_identifier(draft) if broken else "",
        }


def _pack_panel(draft: Workflow) -> dict[str, Any]:
    update = update_for(draft) if draft.pack else None
    if update is None:
        return {}
    changes, kept = in_words(update.changes), in_words(update.kept)
    return {"pack_update": update, "pack_changes": changes, "pack_kept": kept}
