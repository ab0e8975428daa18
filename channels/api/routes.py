"""The addresses of this room's API."""

from __future__ import annotations

from django.urls import path

from channels.api.integrations import (
    ActiveView,
    CheckView,
    DomainView,
    IntegrationsView,
    IntegrationView,
    PrimaryView,
    RegisterView,
)
from channels.api.links import LinksView

_ONE = "v1/integrations/<str:integration_id>"

urlpatterns = [
    path("v1/subscribers/<str:subscriber_id>/links", LinksView.as_view()),
    path("v1/integrations", IntegrationsView.as_view()),
    path("v1/integrations/active", ActiveView.as_view()),
    path(_ONE, IntegrationView.as_view()),
    path(f"{_ONE}/set-primary", PrimaryView.as_view()),
    path(f"{_ONE}/check", CheckView.as_view()),
    path(f"{_ONE}/domain", DomainView.as_view()),
    path(f"{_ONE}/register", RegisterView.as_view()),
]
