"""Every route of the system on one screen."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerView

from channels.phone_routes import phone_routes
from config.newcomer import equip
from config.schema_page import SchemaPage
from notifications.callbacks import receive
from tenants.admin_salon import switch_salon
from tenants.api.tenants import TenantsView

admin.autodiscover()

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("favicon.ico", RedirectView.as_view(url="/static/kolokol/favicon.svg")),
    path("v1/tenants", TenantsView.as_view(after_create=equip)),
    path("", include("tenants.api.routes")),
    path("", include("channels.api.routes")),
    path("", include("notifications.api.routes")),
    path("", include("notifications.page_routes")),
    path("api/schema/", SchemaPage.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("phone/", include(phone_routes(receive))),
    path("admin/queues/", include("config.dashboard")),
    path("admin/salon/<str:slug>/", switch_salon, name="switch_salon"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("config.health_routes")),
]
