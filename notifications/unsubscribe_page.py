"""The page /u/<token>, where a client ends marketing to herself.

GET never changes anything: mail programs and their guards open links before a person does.
"""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from notifications.notices import Notice, notice, visitors_language
from notifications.unsubscribing import Reader, reader_of, unsubscribe

#: RFC 8058: a mailbox provider posts exactly this, and our own button does too.
ONE_CLICK = {"List-Unsubscribe": ["One-Click"]}
WORDS = {
    "ru": {
        "title": "Отписка от рассылки",
        "question": "Больше не получать рекламу и предложения?",
        "note": "Напоминания о ваших записях и ответы на ваши вопросы будут приходить как раньше.",
        "button": "Отписаться",
        "done": "Готово, вы отписаны",
        "done_note": (
            "Рекламы и предложений больше не будет. Напоминания о ваших записях останутся."
        ),
        "unknown": "Ссылка не подходит",
        "unknown_note": "Похоже, она скопирована не целиком. Откройте её прямо из письма.",
        "odd": "Запрос непонятен",
        "odd_note": "Откройте ссылку из письма и нажмите кнопку на странице.",
    },
    "en": {
        "title": "Unsubscribe",
        "question": "Stop receiving offers and promotions?",
        "note": "Reminders of your appointments and answers to your questions will still come.",
        "button": "Unsubscribe",
        "done": "Done, you are unsubscribed",
        "done_note": "No more offers and promotions. Reminders of your appointments will stay.",
        "unknown": "This link does not work",
        "unknown_note": "It may have been copied only in part. Open it right from the letter.",
        "odd": "This request makes no sense",
        "odd_note": "Open the link from the letter and press the button on the page.",
    },
}


@method_decorator([csrf_exempt, transaction.non_atomic_requests], name="dispatch")
class UnsubscribePage(View):
    """/u/{token}: GET shows a button, POST unsubscribes; the token is all that is asked for."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Ask the client whether she means it."""
        reader = reader_of(token)
        if reader is None:
            return _page(request, None, "unknown", status=404)
        return _page(request, reader, "done" if reader.is_out else "question")

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Unsubscribe; no redirect, because RFC 8058 forbids it."""
        reader = reader_of(token)
        if reader is None:
            return _page(request, None, "unknown", status=404)
        if not _is_one_click(request):
            return _page(request, reader, "odd", status=400)
        unsubscribe(reader)
        return _page(request, reader, "done")


def _is_one_click(request: HttpRequest) -> bool:
    try:
        return dict(request.POST.lists()) == ONE_CLICK and not request.FILES
    except (RequestDataTooBig, UnreadablePostError, MultiPartParserError):
        return False


def _page(
    request: HttpRequest, reader: Reader | None, heading: str, status: int = 200
) -> HttpResponse:
    language = reader.language if reader else visitors_language()
    words = WORDS[language]
    is_question = heading == "question"
    said = Notice(
        title=words["title"],
        heading=words[heading],
        note=words["note" if is_question else f"{heading}_note"],
        button=words["button"] if is_question else "",
        brand=reader.brand if reader else {},
    )
    return notice(request, said, language, status)
