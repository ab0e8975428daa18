"""May this visitor try another password? Ten times from one place, then not for ten minutes.

Failures are counted, not visits: by login and address; by address, of which an office may share
one; and by login, for whoever has a thousand addresses. A login alone is counted generously, or
strangers could keep its owner out. Without Redis nothing is counted: people must be able to work.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_ratelimit.core import get_usage
from unfold.forms import AuthenticationForm

from tenants.client_address import client_address

log = logging.getLogger(__name__)

#: Which failures count together -> how many there may be, in what time.
RATES = {"login and address": "10/10m", "address": "50/10m", "login": "100/10m"}


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # unfold is untyped
    """Django's own, which a guesser cannot ask for ever."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "too_many": _("Too many attempts. Wait ten minutes, then try again."),
    }

    def clean(self) -> dict[str, Any]:
        """Refuse before the password is looked at, which takes its time; count what is wrong."""
        if _is_spent(self.request, self._login()):
            raise ValidationError(self.error_messages["too_many"], code="too_many")
        data: dict[str, Any] = super().clean()
        return data

    def get_invalid_login_error(self) -> ValidationError:
        """Count the failure of which this is the word."""
        _count(self.request, self._login())
        error: ValidationError = super().get_invalid_login_error()
        return error

    def _login(self) -> str:
        return str(self.cleaned_data.get("username", "")).casefold()


def _is_spent(request: HttpRequest, login: str) -> bool:
    usages = _usages(request, login)
    spent = [group for group, usage in usages.items() if usage["count"] >= usage["limit"]]
    if spent:
        log.warning("too many wrong passwords", extra={"by": spent})
    return bool(spent)


def _count(request: HttpRequest, login: str) -> None:
    _usages(request, login, is_failure=True)


def _usages(
    request: HttpRequest, login: str, *, is_failure: bool = False
) -> dict[str, dict[str, Any]]:
    address = client_address(request)
    keys = {"login and address": f"{login} {address}", "address": address, "login": login}

    def key(group: str, _: HttpRequest) -> str:
        return keys[group]

    try:
        return {
            group: get_usage(request, group, key=key, rate=rate, increment=is_failure)
            for group, rate in RATES.items()
        }
    except redis.RedisError as error:
        log.warning("wrong passwords are not counted (%s)", type(error).__name__)
        return {}
