"""May this visitor try another password? Five to ten times from one place, then ten minutes later.

Failures are counted, not visits: by login and address; by address, of which an office may share
one; and by login, for whoever has a thousand addresses. A login alone is counted generously, or
strangers could keep its owner out. Without Redis nothing is counted: people must be able to work.

A counter's ten minutes begin and end by the clock, so that around their end twice as many fit into
ten minutes: RATES are half of what docs/why/hostile.md promises. What is full rests from then on.
"""

from __future__ import annotations

import hashlib
import logging
from ipaddress import ip_network
from typing import Any

import redis
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_ratelimit.core import get_usage
from unfold.forms import AuthenticationForm

from tenants.client_address import client_address

log = logging.getLogger(__name__)

#: Which failures count together -> how many fill the counter, in what time.
RATES = {"login and address": "5/10m", "address": "25/10m", "login": "50/10m"}
REST_S = 10 * 60  # as the refusal says


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # unfold is untyped
    """Django's own, which a guesser cannot ask for ever."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "too_many": _("Too many attempts. Wait ten minutes, then try again."),
    }

    def clean(self) -> dict[str, Any]:
        """Refuse before the password is looked at, which takes its time; count what is wrong."""
        if _is_resting(self._counters()):
            raise ValidationError(self.error_messages["too_many"], code="too_many")
        data: dict[str, Any] = super().clean()
        return data

    def get_invalid_login_error(self) -> ValidationError:
        """Count the failure of which this is the word."""
        _count(self.request, self._counters())
        error: ValidationError = super().get_invalid_login_error()
        return error

    def _counters(self) -> dict[str, str]:
        login = str(self.cleaned_data.get("username", "")).casefold()
        place = _place(client_address(self.request))
        return {"login and address": f"{login} {place}", "address": place, "login": login}


def _place(address: str) -> str:
    """Take the addresses that one IPv6 line is given, more than anybody can count, for one."""
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


def _is_resting(counters: dict[str, str]) -> bool:
    marks = {_mark(group, value): group for group, value in counters.items()}
    try:
        full = [marks[mark] for mark in cache.get_many(marks)]
    except redis.RedisError as error:
        return _say_uncounted(error)
    if full:
        log.warning("too many wrong passwords", extra={"by": full})
    return bool(full)


def _count(request: HttpRequest, counters: dict[str, str]) -> None:
    try:
        for group, value in counters.items():
            usage = get_usage(
                request, group, key=lambda *_, value=value: value, rate=RATES[group], increment=True
            )
            if usage["count"] >= usage["limit"]:
                cache.set(_mark(group, value), True, REST_S)
    except redis.RedisError as error:
        _say_uncounted(error)


def _mark(group: str, value: str) -> str:
    """Name what rests, without a login or an address."""
    return "rests:" + hashlib.sha256(f"{group} {value}".encode()).hexdigest()


def _say_uncounted(error: redis.RedisError) -> bool:
    log.warning("wrong passwords are not counted (%s)", type(error).__name__)
    return False
