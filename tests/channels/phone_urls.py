"""Routes of the Phone alone, with a list in place of the platform's callback verb."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from channels.phone_routes import phone_routes

TAKEN: list[tuple[object, str, object]] = []


def take(integration_id, token, callback):
    """Keep what the platform would have got."""
    TAKEN.append((integration_id, token, callback))
    return 1


urlpatterns = [
    path("phone/", include(phone_routes(take))),
    path("admin/", admin.site.urls),
]
