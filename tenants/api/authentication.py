"""How DRF learns who calls: the middleware knows it already."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class ApiKeyAuthentication(BaseAuthentication):
    """Reports to DRF what the middleware found; it never looks at the key itself."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Give the caller as user and credentials, or nobody."""
        found = getattr(request._request, "caller", None)
        return (found, found) if found is not None else None

    def authenticate_header(self, request: Request) -> str:
        """Make DRF answer 401, not 403, to nobody."""
        return "ApiKey"


class HasKey(BasePermission):
    """Lets in whoever the middleware knows."""

    message = "Send your API key: 'Authorization: ApiKey <key>'."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Ask for a caller."""
        return getattr(request._request, "caller", None) is not None
