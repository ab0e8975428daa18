"""The page /api/schema/. Written once for each form: it takes a second, and anybody may ask."""

from __future__ import annotations

import threading
from typing import Any

from django.http import HttpResponse
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

_kept: dict[str, str | bytes] = {}
_writing = threading.Lock()


class SchemaPage(SpectacularAPIView):
    """The OpenAPI document, the same for everybody as long as this process lives."""

    def _get_schema_response(self, request: Request) -> HttpResponse:
        form = request.accepted_renderer
        with _writing:
            if form.media_type not in _kept:
                generator: Any = self.generator_class()  # untyped
                document = generator.get_schema(request=None, public=True)
                _kept[form.media_type] = form.render(document)
        kind = f"{form.media_type}; charset={form.charset}" if form.charset else form.media_type
        return HttpResponse(_kept[form.media_type], content_type=kind)
