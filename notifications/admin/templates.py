"""The screens of texts: a draft in two languages, its preview, what is live, and older versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from channels.sms_prices import sms_price
from notifications.admin.buttons import ButtonRows, ButtonsField
from notifications.admin.publishing_screen import PublishingScreen
from notifications.admin.words import sentence, told
from notifications.models import MessageTemplate, Step, TemplateVersion, Workflow
from notifications.preview import Preview, as_sms, on_channels, preview
from notifications.publishing import publish_template, restore_template, texts_of
from notifications.refusals import LANGUAGES, Refusal, source_of, template_problems
from tenants.admin_base import SalonForm, column, person, submit_button
from tenants.models import Tenant

PUBLISH = "notifications_messagetemplate_save_and_publish"  # the button's name in the form
FIELDS = ("title", "body", "letter", "image_url", "buttons")


class TemplateForm(SalonForm):
    """A draft; when it is to be published as well, what stands in the way is shown by field."""

    buttons_ru = ButtonsField(label=_("Buttons"))
    buttons_en = ButtonsField(label=_("Buttons"))

    class Meta:
        model = MessageTemplate
        exclude = ("tenant", "published")
        labels = {
            f"{field}_{language}": label
            for language in LANGUAGES
            for field, label in (
                ("title", _("Title or subject")),
                ("body", _("Text")),
                ("letter", _("E-mail design")),
                ("image_url", _("Picture")),
            )
        }
        widgets = {
            f"{field}_{language}": UnfoldAdminTextareaWidget({"rows": rows})
            for language in LANGUAGES
            for field, rows in (("body", 14), ("letter", 6))
        }

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        if PUBLISH in self.data and not self.errors:
            for problem in template_problems(self.instance):
                self.add_error(_form_field(problem), sentence(problem))


def _form_field(problem: Refusal) -> str:
    return f"{problem.field.partition('.')[0]}_{problem.language}"


@admin.register(MessageTemplate)
class TemplateAdmin(PublishingScreen, TranslationAdmin):  # type: ignore[type-arg,misc]  # not generic at run time
    """What clients read. The draft may change at any time; versions are what is sent."""

    area = "templates"
    publish, restore = staticmethod(publish_template), staticmethod(restore_template)
    versions, owner = TemplateVersion, "template"
    published_words = _("Published: clients now get version %(number)s.")
    form = TemplateForm
    list_display = ("name", "key", "languages", "live", "state_label", "updated_at")
    list_select_related = ("published",)
    search_fields = ("name", "key")
    ordering = ("name", "key")
    actions_submit_line = ("save_and_publish",)
    change_form_outer_before_template = "notifications/admin/template_live.html"
    change_form_outer_after_template = "notifications/admin/template_panels.html"
    fieldsets = (
        (None, {"fields": (("name", "key"),)}),
        (_("Russian"), {"classes": ["tab"], "fields": [f"{field}_ru" for field in FIELDS]}),
        (_("English"), {"classes": ["tab"], "fields": [f"{field}_en" for field in FIELDS]}),
    )

    def heading(self, row: MessageTemplate) -> str:
        """Head the page by the template's name."""
        return row.name

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was published stays: messages refer to it."""
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and not (obj is not None and obj.published_id)

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer no deletion of many: some of them have been sent."""
        offered = super().get_actions(request)
        offered.pop("delete_selected", None)
        return offered

    def get_urls(self) -> Any:
        """Add the preview."""
        wrap, name = self.admin_site.admin_view, "notifications_messagetemplate_preview"
        return [path("<uuid:pk>/preview/", wrap(self.preview_view), name=name), *super().get_urls()]

    @submit_button(_("Save and publish"))
    def save_and_publish(self, request: HttpRequest, obj: MessageTemplate) -> None:
        """Publish what has just been saved; the form has asked for problems before."""
        self.tell(request, lambda: publish_template(obj, person(request)))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Show what is live, older versions and the preview beside the form."""
        draft = self.get_object(request, object_id)
        if draft is not None and self.has_view_permission(request, draft):
            extra = kwargs.setdefault("extra_context", None) or {}
            kwargs["extra_context"] = extra | self._panels(request, draft)
        return super().change_view(request, object_id, *args, **kwargs)

    def preview_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Render what stands in the form now; nothing is saved."""
        draft = self.draft(request, pk, "view")
        if request.method == "POST":
            _take_typed(draft, request)
        context = {"previews": _previews(draft)}
        return TemplateResponse(request, "notifications/admin/template_preview.html", context)

    @column(_("languages"))
    def languages(self, row: MessageTemplate) -> str:
        """Say which languages are written."""
        return " · ".join(x.upper() for x in LANGUAGES if getattr(row, f"body_{x}")) or "—"

    @column(_("live"), label={"live": "success", "draft": "warning"})
    def live(self, row: MessageTemplate) -> tuple[str, Any]:
        """Say which version clients get."""
        if row.published is None:
            return "draft", _("draft only")
        return "live", _("version %(number)s") % {"number": row.published.number}

    def _panels(self, request: HttpRequest, draft: MessageTemplate) -> dict[str, Any]:
        live = TemplateVersion.objects.filter(pk=draft.published_id).select_related("published_by")
        version = live.first()
        used = Workflow.objects.filter(steps__template=draft).distinct().order_by("identifier")
        is_changed = version is None or version.texts != texts_of(draft)
        return self.review_panel(request, draft, is_changed) | {
            "draft": draft,
            "live_version": version,
            "used_by": list(used),
            "problems": told(template_problems(draft)),
            "previews": _previews(draft),
        }


def _previews(draft: MessageTemplate) -> list[Preview]:
    workflows = Workflow.objects.filter(steps__template=draft)
    schemas = list(workflows.values_list("payload_schema", flat=True))
    salon = Tenant.objects.get(pk=draft.tenant_id)
    now = datetime.now(UTC)
    shown = [preview(source_of(draft, x), x, salon, schemas, now=now) for x in LANGUAGES]
    listed = Step.objects.filter(template=draft).values_list("channels", flat=True)
    words = list(dict.fromkeys(word for channels in listed for word in channels))
    shown = [on_channels(one, words) for one in shown]
    if "sms" not in words:
        return shown
    price = sms_price(salon.pk)
    return [as_sms(one, price) for one in shown]


def _take_typed(draft: MessageTemplate, request: HttpRequest) -> None:
    """Put what is typed, however unfinished, into the draft in memory."""
    for language in LANGUAGES:
        for field in ("title", "body", "letter", "image_url"):
            setattr(draft, f"{field}_{language}", request.POST.get(f"{field}_{language}", ""))
        rows = ButtonRows().value_from_datadict(request.POST, {}, f"buttons_{language}")
        setattr(draft, f"buttons_{language}", rows)
