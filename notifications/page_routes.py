"""The addresses that clients open."""

from __future__ import annotations

from django.urls import path

from notifications.pages import UnsubscribePage

urlpatterns = [path("u/<str:token>", UnsubscribePage.as_view(), name="unsubscribe")]
