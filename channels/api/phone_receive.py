"""Through which door do messages reach the Phone: signed by the integration's secret."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from channels import phone
from channels.adapters.sandbox import SIGNATURE, TO_PHONE, verify
from channels.phone_reports import Reports
from channels.told import BadSignature
from tenants.errors import BadRequest

SLOW_S = 10.0
STATUS = {"no_network": 503, "not_registered": 404, "blocked": 403, "window_closed": 409}
#: Each sleep holds a web thread; what does not fit is a phone without network.
_sleeping = threading.BoundedSemaphore(2)


@method_decorator([csrf_exempt, transaction.non_atomic_requests], name="dispatch")
class ReceiveView(View):
    """Takes what the sandbox adapter posts."""

    reports: Reports = None  # type: ignore[assignment]  # as_view gives it
    slow_s: float = SLOW_S

    def post(self, request: HttpRequest, integration_id: UUID) -> HttpResponse:
        """Answer as a provider would: 200, or the fault that the client's phone plays."""
        door = phone.find_door(integration_id)
        if door is None:
            return JsonResponse({}, status=404)
        try:
            given = request.headers.get(SIGNATURE, "")
            verify(door.secret, TO_PHONE, request.body, given, now=time.time())
            return self._take(door, read_object(request.body))
        except BadSignature:
            return JsonResponse({}, status=401)
        except (BadRequest, KeyError, ValueError):
            return JsonResponse({"error": "not a message of the sandbox adapter"}, status=400)

    def _take(self, door: phone.Door, body: dict[str, Any]) -> HttpResponse:
        if body["type"] == "message":
            return self._message(door, body)
        if body["type"] == "answer":
            phone.show_answer(door, UUID(body["message_id"]), str(body["text"]))
        return JsonResponse({})

    def _message(self, door: phone.Door, body: dict[str, Any]) -> HttpResponse:
        fault = phone.fault_for(door.tenant_id, body)
        if fault == "slow":
            fault = "" if self._slept() else "no_network"
        if fault:
            return JsonResponse({"fault": fault}, status=STATUS[fault])
        phone.receive(door, body)
        self.reports.delivered(door, str(body["id"]))
        return JsonResponse({"id": body["id"]})

    def _slept(self) -> bool:
        if not _sleeping.acquire(blocking=False):
            return False
        try:
            time.sleep(self.slow_s)
        finally:
            _sleeping.release()
        return True


def read_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object; raises BadRequest."""
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadRequest("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BadRequest("The body is not an object.")
    return body
