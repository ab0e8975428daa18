"""Show enough of an address to recognise it, too little to use it."""

from __future__ import annotations

import re


def mask(kind: str, value: str) -> str:
    """Mask a phone to its country and last four digits, an e-mail to its first letter and host.

    Of a web address the host stays: its path is a secret.
    """
    if kind == "email":
        name, _, host = value.partition("@")
        return f"{name[:1]}***@{host}"[:64]
    if kind in ("phone", "whatsapp"):
        return f"{value[:2]}***{value[-4:]}"
    if address := re.search(r"https://([^/\s\"]+)/", value):  # a webhook, a browser's endpoint
        return f"{address[1]}/***"[:64]
    return f"***{value[-3:]}" if len(value) > 6 else "***"
