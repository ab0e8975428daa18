"""The pages of RQ's queues, for the platform's superusers only.

django-rq asks for is_staff, which every member of a salon has: whoever passes could empty a queue.
Its pages fall over (500) when their queue, job or worker is gone; here that is 404.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import django_rq.urls
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django_rq.queues import get_queue_by_index
from rq import Worker
from rq.exceptions import NoSuchJobError

View = Callable[..., HttpResponseBase]


def platform_only(view: View) -> View:
    """Let platform superusers pass; others get 403, strangers the login page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not (request.user.is_active and request.user.is_superuser):
            raise PermissionDenied
        _check_place(**kwargs)
        try:
            return view(request, *args, **kwargs)
        except NoSuchJobError as error:
            raise Http404("There is no such job now.") from error

    return guarded


def _check_place(
    *, queue_index: int = 0, scheduler_index: int = 0, key: str = "", **_: Any
) -> None:
    """Raise Http404 when the address names a queue, a scheduler or a worker that is not there."""
    try:
        queue = get_queue_by_index(queue_index or scheduler_index)  # a scheduler is a queue's
    except IndexError as error:
        raise Http404("There is no such queue.") from error
    is_worker = key.startswith(Worker.redis_worker_namespace_prefix)
    if key and not (is_worker and Worker.find_by_key(key, connection=queue.connection)):
        raise Http404("There is no such worker now.")


def _guarded(pattern: URLPattern) -> URLPattern:
    return URLPattern(
        pattern.pattern, platform_only(pattern.callback), pattern.default_args, pattern.name
    )


app_name = "django_rq"  # its own pages reverse their names in this namespace
urlpatterns = [_guarded(pattern) for pattern in django_rq.urls.urlpatterns]
