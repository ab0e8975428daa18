"""How long does a provider's Retry-After header ask us to wait?"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_after_s(headers: Mapping[str, str], *, now: float) -> float | None:
    """Read seconds or an HTTP date (RFC 9110, 10.2.3); None when absent or unreadable.

    headers: names in lower case. now: unix time.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None
