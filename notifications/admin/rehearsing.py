"""How does a manager see what a client would get? By a dry run beside the workflow's form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from notifications.admin.rehearsal_form import read_payload
from notifications.admin.words import told
from notifications.commands import read_command
from notifications.models import Workflow
from notifications.publishing import PublishRefused
from notifications.rehearsal import Rehearsal, rehearse, rehearse_draft
from notifications.rehearsal_words import paragraphs, status_words
from tenants.admin_base import SalonAdmin
from tenants.admin_choice import client_key
from tenants.auth import Caller, Mode
from tenants.errors import InvalidPayload, PlatformError
from tenants.models import Tenant

FRAGMENT = "notifications/admin/rehearsal.html"


class RehearsalScreen(SalonAdmin):
    """A screen of workflows with a dry run. Must have: draft (of PublishingScreen)."""

    def get_urls(self) -> Any:
        """Add the dry run."""
        wrap, name = self.admin_site.admin_view, "notifications_workflow_rehearse"
        here = path("<uuid:pk>/rehearse/", wrap(self.rehearse_view), name=name)
        return [here, *super().get_urls()]

    def rehearse_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Show the path of one client (POST only)."""
        draft = self.draft(request, pk)
        context = _rehearsed(request, draft) if request.method == "POST" else {}
        return TemplateResponse(request, FRAGMENT, context)


def _rehearsed(request: HttpRequest, draft: Workflow) -> dict[str, Any]:
    salon = Tenant.objects.get(pk=draft.tenant_id)
    try:
        path_of = _asked(request, draft, salon)
    except PublishRefused as refused:
        return {"refusals": told(refused.problems)}
    except InvalidPayload as refused:
        return {"refusals": list(_misfits(request, refused))}
    except PlatformError as refused:
        said = [words for sentences in refused.errors.values() for words in sentences]
        return {"refusals": said or [refused.message]}
    language = "en" if get_language() == "en" else "ru"
    return {
        "status": status_words(path_of, language),
        "turns": paragraphs(path_of, language, ZoneInfo(salon.timezone)),
    }


def _asked(request: HttpRequest, draft: Workflow, salon: Tenant) -> Rehearsal:
    given, now = request.POST, datetime.now(UTC)
    mode: Mode = "test" if given.get("is_test") else "live"
    nobody = UUID(int=0)  # no key: a person asks, and the screen has asked for rights
    who = Caller(salon.pk, nobody, mode, (), salon.slug, salon.config_version, False)
    client = client_key(request, given.get("client", "").strip(), mode)
    body = {"name": draft.identifier, "to": client, "payload": read_payload(given.dict())}
    command = read_command(body, now)
    if given.get("is_draft"):
        return rehearse_draft(who, draft, command, now)
    return rehearse(who, command, now)


def _misfits(request: HttpRequest, refused: InvalidPayload) -> Iterator[str]:
    for place in refused.errors:
        key = place.removeprefix("payload.")
        is_told = any(request.POST.get(f"{kind}:{key}", "").strip() for kind in ("text", "json"))
        words = _("“%(name)s”: such a value does not fit.") if is_told else _("Fill in “%(name)s”.")
        yield words % {"name": key}
