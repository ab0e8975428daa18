"""What do the screens of texts and of workflows share? Publishing, review, and older versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from notifications.admin.words import told
from notifications.models import DraftState
from notifications.publishing import PublishRefused
from notifications.reviewing import (
    note_edit,
    refresh,
    review_problems,
    send_back,
    submit,
    wants_review,
)
from tenants.admin_base import SalonAdmin, column, person

MOST_VERSIONS = 10
STATE_LABELS = {"draft": "warning", "review": "info", "published": "success"}


class PublishingScreen(SalonAdmin):
    """A screen of drafts. Must give: publish, restore, versions, owner, published_words."""

    publish: ClassVar[Callable[..., Any]]  # (draft, by) -> version
    restore: ClassVar[Callable[..., Any]]  # (version, by) -> version or None
    versions: ClassVar[Any]  # model
    owner: ClassVar[str]  # the versions' field that names the draft
    published_words: ClassVar[Any]  # with %(number)s

    def get_urls(self) -> Any:
        """Add publishing without a change, review and restoring."""
        wrap = self.admin_site.admin_view
        deeds = [
            path(f"<uuid:pk>/{word}/", wrap(view), name=self._name(word))
            for word, view in (
                ("publish", self.publish_view),
                ("submit", self.submit_view),
                ("return", self.return_view),
            )
        ]
        restoring = path(
            "<uuid:pk>/restore/<int:number>/", wrap(self.restore_view), name=self._name("restore")
        )
        return [*deeds, restoring, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Note who changed the draft."""
        if change:
            refresh(obj)
            if form.has_changed():
                note_edit(obj, person(request), datetime.now(UTC))
        super().save_model(request, obj, form, change)
        if not change:
            note_edit(obj, person(request), datetime.now(UTC))

    def publish_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Publish the saved draft (POST only)."""
        draft = self.draft(request, pk)
        if request.method == "POST":
            self.tell(request, lambda: type(self).publish(draft, person(request)))
        return self.back(draft)

    def restore_view(self, request: HttpRequest, pk: Any, number: int) -> HttpResponse:
        """Publish an older version anew (POST only)."""
        draft = self.draft(request, pk)
        version = get_object_or_404(self.versions, number=number, **{self.owner: draft})
        if request.method == "POST":
            self.tell(request, lambda: type(self).restore(version, person(request)))
        return self.back(draft)

    def submit_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Send the saved draft for review (POST only)."""
        draft = self.draft(request, pk)
        if request.method == "POST":
            submit(draft, person(request), datetime.now(UTC))
            self.message_user(request, _("Sent for review."), messages.SUCCESS)
        return self.back(draft)

    def return_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Give the draft back to its authors (POST only)."""
        draft = self.draft(request, pk)
        if request.method == "POST":
            send_back(draft)
            self.message_user(request, _("Given back to its authors."), messages.SUCCESS)
        return self.back(draft)

    def draft(self, request: HttpRequest, pk: Any, verb: str = "change") -> Any:
        """Find a draft that the visitor may see, or change."""
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        may = {"view": self.has_view_permission, "change": self.has_change_permission}[verb]
        if not may(request, row):
            raise PermissionDenied
        return row

    def back(self, draft: Any) -> HttpResponseRedirect:
        """Go back to the form."""
        return HttpResponseRedirect(reverse(f"admin:{self._name('change')}", args=[draft.pk]))

    def tell(self, request: HttpRequest, publish: Callable[[], Any]) -> bool:
        """Publish and say what came of it; False when it was refused."""
        try:
            version = publish()
        except PublishRefused as refused:
            for words in told(refused.problems):
                self.message_user(request, words, messages.ERROR)
            return False
        waits = _("It is the draft now and waits for somebody else's look.")
        runs = self.published_words % {"number": version.number} if version else waits
        self.message_user(request, runs, messages.SUCCESS)
        return True

    def review_panel(self, request: HttpRequest, draft: Any, is_changed: bool) -> dict[str, Any]:
        """Give the panels what they show of versions and review."""
        versions = self.versions.objects.filter(**{self.owner: draft})
        listed = versions.select_related("published_by", "submitted_by").order_by("-number")
        refused = review_problems(draft, person(request)) if draft.submitted_at else ()
        return {
            "versions": list(listed[:MOST_VERSIONS]),
            "may_publish": self.has_change_permission(request, draft),
            "wants_review": wants_review(draft.tenant_id),
            "is_in_review": draft.submitted_at is not None,
            "review_refusal": next(iter(told(refused)), ""),
            "is_changed": is_changed,
            "addresses": {
                word: f"admin:{self._name(word)}"
                for word in ("publish", "submit", "return", "restore")
            },
        }

    @column(_("state"), label=STATE_LABELS)
    def state_label(self, row: Any) -> tuple[str, Any]:
        """Say how far the draft is."""
        state: DraftState = row.state
        return state.value, state.label

    def _name(self, word: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{word}"
