"""How does the plain way accept a trigger? A view: one row, one RQ job, as the manuals show."""

from __future__ import annotations

import json

import django_rq
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from tests.bench.plain.job import send
from tests.bench.plain.models import PlainMessage


def live(_request: HttpRequest) -> HttpResponse:
    """Answer."""
    return JsonResponse({"status": "ok"})


def trigger(request: HttpRequest) -> HttpResponse:
    """Accept one message."""
    body = json.loads(request.body)
    row = PlainMessage._default_manager.create(
        chat_id=int(body["to"].removeprefix("c-")), first_name="Анна", run=body["payload"]["run"]
    )
    django_rq.get_queue("plain").enqueue(send, row.pk, "http://127.0.0.1:9/")
    return JsonResponse({"data": {"acknowledged": True, "status": "processed"}}, status=201)


urlpatterns = [path("v1/events/trigger", trigger), path("health/live", live)]
