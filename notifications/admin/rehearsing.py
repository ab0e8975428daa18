"""How does a manager see what a client would get? By a dry run beside the workflow's form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from notifications.commands import read_command
from notifications.definition import read_texts
from notifications.models import Step, Workflow
from notifications.preview import example_payload
from notifications.rehearsal import Rehearsal, rehearse
from notifications.rehearsal_words import paragraphs, status_words
from tenants.admin_base import SalonAdmin
from tenants.auth import Caller, Mode
from tenants.errors import BadRequest, PlatformError
from tenants.models import Tenant
from tenants.strict_json import parse

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
        context = _rehearsed(draft, request.POST) if request.method == "POST" else {}
        return TemplateResponse(request, FRAGMENT, context)


def example_of(draft: Workflow, steps: Sequence[Step]) -> str:
    """Invent an event's data, as the preview of texts does."""
    salon = Tenant.objects.get(pk=draft.tenant_id)
    now = datetime.now(UTC).astimezone(ZoneInfo(salon.timezone))
    found: dict[str, Any] = {}
    for step in steps:
        version = step.template.published if step.template else None
        texts = read_texts(version.pk, version.texts) if version else None
        chosen = texts.source(salon.language, salon.language) if texts else None
        if chosen is not None:
            language, source = chosen
            found |= example_payload(source, language, [draft.payload_schema], now=now)
    return json.dumps(found, ensure_ascii=False, indent=2)


def _rehearsed(draft: Workflow, given: Mapping[str, str]) -> dict[str, Any]:
    salon = Tenant.objects.get(pk=draft.tenant_id)
    try:
        told = _asked(draft, salon, given)
    except PlatformError as refused:
        said = [words for sentences in refused.errors.values() for words in sentences]
        return {"refusals": said or [refused.message]}
    except ValueError:
        return {"refusals": [_("The event's data is not JSON.")]}
    language = "en" if get_language() == "en" else "ru"
    return {
        "status": status_words(told, language),
        "turns": paragraphs(told, language, ZoneInfo(salon.timezone)),
    }


def _asked(draft: Workflow, salon: Tenant, given: Mapping[str, str]) -> Rehearsal:
    now = datetime.now(UTC)
    mode: Mode = "test" if given.get("is_test") else "live"
    nobody = UUID(int=0)  # no key: a person asks, and the screen has asked for rights
    who = Caller(salon.pk, nobody, mode, (), salon.slug, salon.config_version, False)
    payload = _payload(given.get("payload") or "{}")
    body = {"name": draft.identifier, "to": given.get("client", ""), "payload": payload}
    return rehearse(who, read_command(body, now), now)


def _payload(typed: str) -> dict[str, Any]:
    """Read an event's data as the API does; raises ValueError."""
    try:
        return parse(typed.encode())
    except BadRequest as broken:
        raise ValueError("the data cannot be read") from broken
