"""Pages that write: Django's own login, and a rename of all locations in sight."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tenants import rows


@csrf_exempt
def rename(request):
    """Write as far as the scope reaches."""
    touched = rows.run("update tenants_location set phone = 'x'")
    touched += rows.run("update tenants_tenant set name = 'x'")
    return HttpResponse(touched)


urlpatterns = [
    path("login/", LoginView.as_view(template_name="none.html", success_url="/")),
    path("logout/", LogoutView.as_view(next_page="/")),
    path("password/", PasswordChangeView.as_view(success_url="/")),
    path("rename/", rename),
]
