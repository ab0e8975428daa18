"""The addresses that machines ask."""

from __future__ import annotations

from django.urls import path

from config.health import live, ready, show_metrics

urlpatterns = [
    path("health/live", live, name="live"),
    path("health/ready", ready, name="ready"),
    path("metrics", show_metrics, name="metrics"),
]
