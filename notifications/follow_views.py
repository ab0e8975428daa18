"""The addresses /t/<token>.<n> and /o/<token>.gif, through which links of a followed letter lead.

What only looks (HEAD, a browser that fetches ahead) is led on and not counted.
"""

from __future__ import annotations

import base64

from django.core.exceptions import DisallowedRedirect
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.views import View

from notifications.notices import Notice, notice, private, visitors_language
from notifications.opened_letters import clicked, letter_of, opened

#: One transparent point.
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
#: How browsers say that nobody has clicked yet.
AHEAD = ("HTTP_PURPOSE", "HTTP_SEC_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
WORDS = {
    "ru": Notice(
        "Ссылка из письма",
        "Ссылка больше не открывается",
        "Письмо, из которого вы пришли, слишком старое, или ссылка скопирована не целиком.",
    ),
    "en": Notice(
        "A link from a letter",
        "This link no longer opens",
        "The letter that you came from is too old, or the link was copied only in part.",
    ),
}


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class FollowView(View):
    """/t/{token}.{number}: leads to where the letter's link leads, and to nowhere else."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, token: str, number: int) -> HttpResponse:
        """Note the click and lead on."""
        letter = letter_of(token)
        way = _way(letter.links[number]) if letter and number < len(letter.links) else None
        if letter is None or way is None:
            language = visitors_language()
            return notice(request, WORDS[language], language, status=404)
        if not _only_looks(request):
            clicked(letter, number)
        return private(way)


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class OpenView(View):
    """/o/{token}.gif: one transparent point."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Note that the letter was opened."""
        letter = letter_of(token)
        if letter is None:
            return private(HttpResponse(status=404))
        if not _only_looks(request):
            opened(letter)
        return private(HttpResponse(GIF, content_type="image/gif"))


def _way(target: str) -> HttpResponse | None:
    """Lead to an address; None for one that is none."""
    try:
        return HttpResponseRedirect(target)
    except (ValueError, DisallowedRedirect):
        return None


def _only_looks(request: HttpRequest) -> bool:
    said = " ".join(request.META.get(name, "") for name in AHEAD).lower()
    return request.method == "HEAD" or "prefetch" in said or "preview" in said
