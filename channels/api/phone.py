"""Which page shows the Phone, and what does that page call?"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views import View
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import ensure_csrf_cookie

from channels import phone, phone_screen
from channels.api.phone_receive import read_object
from channels.phone_access import BY_LINK, Refused, Visitor, keep, tenant_of, visitor
from channels.phone_links import open_link
from channels.phone_reports import Reports
from channels.phone_texts import texts
from tenants.errors import BadRequest, NotFound, PlatformError

WAIT_S = 2.0
LOOK_EVERY_S = 0.3
#: Each wait holds a web thread; what does not fit is answered at once.
_waiting = threading.BoundedSemaphore(4)

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' https: data:; base-uri 'none'; object-src 'none';"
    " frame-ancestors 'none'; form-action 'self'"
)
LETTER_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " style-src 'unsafe-inline'; img-src https: data:; frame-ancestors 'self'"
)
# Links of a letter open beside the Phone, not inside the frame that shows it.
LETTER_HEAD = '<!doctype html><meta charset="utf-8"><base target="_blank">'


@method_decorator([ensure_csrf_cookie, transaction.non_atomic_requests], name="dispatch")
class PhonePage(View):
    """The page; a link's key is taken out of the address first."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Show the Phone of the visitor's salon."""
        words = texts(_language(request))
        try:
            if key := request.GET.get("key", ""):
                tenant_of(key)
                response = HttpResponseRedirect(f"{request.path}?{BY_LINK}")
                keep(response, key)
                return response
            who = visitor(request)
        except Refused as refused:
            return self._refuse(request, words, refused.words)
        return self._page(request, who, words)

    def _page(self, request: HttpRequest, who: Visitor, words: dict[str, str]) -> HttpResponse:
        config = {
            "texts": words,
            "base": reverse("phone"),
            "query": BY_LINK if BY_LINK in request.GET else "",
            "may_touch": who.may_touch,
        }
        context = {"t": words, "config": config, "other": _other_language(request, words)}
        response = render(request, "phone/index.html", context)
        response["Content-Security-Policy"] = PAGE_POLICY
        response["Referrer-Policy"] = "same-origin"
        response["Cache-Control"] = "no-store"
        if "lang" in request.GET:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, words["language"], samesite="Lax")
        return response

    def _refuse(self, request: HttpRequest, words: dict[str, str], why: str) -> HttpResponseBase:
        if why == "login":
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        context = {"t": words, "why": words[f"refused_{why}"]}
        response = render(request, "phone/refused.html", context, status=403)
        response["Content-Security-Policy"] = PAGE_POLICY
        return response


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class VisitorView(View):
    """A call of the page. Children override `answer`; a call that touches needs the right to."""

    touches = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let the salon's visitors in; say in JSON what was wrong."""
        try:
            who = visitor(request)
            if self.touches and not who.may_touch:
                raise Refused("touch")
            self.who = who
            return super().dispatch(request, *args, **kwargs)
        except Refused as refused:
            words = texts(_language(request))
            return JsonResponse({"error": words[f"refused_{refused.words}"]}, status=403)
        except PlatformError as error:
            return JsonResponse({"error": error.message}, status=error.status)


class ClientsView(VisitorView):
    """GET: the people on this Phone."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the list; q searches by name."""
        found = phone_screen.clients(self.who.tenant_id, _text(request.GET.get("q", "")))
        return _json(found)


class MessagesView(VisitorView):
    """GET: messages after one; waits a little for the first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer at once when something is there, else within two seconds."""
        after = _uuid(request.GET["after"]) if request.GET.get("after") else None
        seen = frozenset(request.GET.get("seen", "").split(","))
        found = phone_screen.messages(self.who.tenant_id, after, seen)
        if found or after is None or not _waiting.acquire(blocking=False):
            return _json({"messages": found, "waited": False})
        try:
            deadline = time.monotonic() + WAIT_S
            while not found and time.monotonic() < deadline:
                time.sleep(LOOK_EVERY_S)
                found = phone_screen.messages(self.who.tenant_id, after, seen)
        finally:
            _waiting.release()
        return _json({"messages": found, "waited": True})


@method_decorator(xframe_options_sameorigin, name="dispatch")
class LetterView(VisitorView):
    """GET: an e-mail's HTML, without scripts and without the page's rights."""

    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Answer the letter as it was sent."""
        html = phone_screen.letter(self.who.tenant_id, key)
        if html is None:
            raise NotFound("There is no such letter.")
        return HttpResponse(LETTER_HEAD + html, headers={"Content-Security-Policy": LETTER_POLICY})


class TouchView(VisitorView):
    """POST: what the client does. Must override: events."""

    touches = True
    reports: Reports = None  # type: ignore[assignment]  # as_view gives it

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it, then tell the platform as a provider would."""
        events = self.events(self.who.tenant_id, read_object(request.body))
        if events:
            self.reports.now(phone.door_of(self.who.tenant_id), events)
        return _json({"events": len(events)})

    def events(self, tenant_id: UUID, body: dict[str, Any]) -> Sequence[phone.Event]:
        """Keep what was done; give what the platform shall hear."""
        raise NotImplementedError


class ReadView(TouchView):
    """Messages came before her eyes."""

    def events(self, tenant_id: UUID, body: dict[str, Any]) -> Sequence[phone.Event]:
        """Mark them; body: {"ids": [...]}."""
        ids = body.get("ids")
        if not isinstance(ids, list) or len(ids) > phone_screen.MESSAGES_SHOWN:
            raise BadRequest("'ids' is a list of messages.")
        return phone.read(tenant_id, [_uuid(key) for key in ids])


class PressView(TouchView):
    """She pressed a button."""

    def events(self, tenant_id: UUID, body: dict[str, Any]) -> Sequence[phone.Event]:
        """Press it; body: {"id", "button": its number}."""
        index = body.get("button")
        if not isinstance(index, int):
            raise BadRequest("'button' is the number of a button.")
        return phone.press(tenant_id, _uuid(body.get("id")), index)


class ReplyView(TouchView):
    """She wrote back."""

    def events(self, tenant_id: UUID, body: dict[str, Any]) -> Sequence[phone.Event]:
        """Write it; body: {"tab", "address", "text"}."""
        tab, address, text = (_text(body.get(name)) for name in ("tab", "address", "text"))
        return phone.reply(tenant_id, tab, address, text)


class OpenView(TouchView):
    """She opened the salon's chat by a link."""

    def events(self, tenant_id: UUID, body: dict[str, Any]) -> Sequence[phone.Event]:
        """Open it; body: {"client", "tab", "start": the link's parameter}."""
        tab, parameter = _text(body.get("tab")), _text(body.get("start", ""))
        return open_link(tenant_id, _uuid(body.get("client")), tab, parameter)


class SwitchView(TouchView):
    """Somebody plays a fault of her phone."""

    def events(self, tenant_id: UUID, body: dict[str, Any]) -> Sequence[phone.Event]:
        """Set it; body: {"client", "tab", "fault", "on"}."""
        tab, fault = _text(body.get("tab")), _text(body.get("fault"))
        client, is_on = _uuid(body.get("client")), body.get("on") is True
        return phone.set_switch(tenant_id, client, tab, fault=fault, is_on=is_on)


def _json(value: dict[str, Any]) -> JsonResponse:
    return JsonResponse(value, headers={"Cache-Control": "no-store"})


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise BadRequest("This is not an id.") from error


def _text(value: object) -> str:
    """Take a text that PostgreSQL can keep."""
    if not isinstance(value, str) or "\x00" in value or not _is_unicode(value):
        raise BadRequest("This is not a text.")
    return value


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _language(request: HttpRequest) -> str:
    wanted = request.GET.get("lang") or get_language() or ""
    return wanted if wanted in {"ru", "en"} else "ru"


def _other_language(request: HttpRequest, words: dict[str, str]) -> str:
    query = request.GET.copy()
    query["lang"] = "en" if words["language"] == "ru" else "ru"
    return f"?{query.urlencode()}"
