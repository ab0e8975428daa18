"""How many parts will an SMS be, and what will they cost? Known before sending.

GSM 03.38 (3GPP TS 23.038): one part holds 160 units, each of several 153; a sign of the extension
table takes two. Anything outside both tables makes the whole text UCS-2: 70 units, each of several
67, an emoji takes two. A sign that takes two is never split between parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

GSM, UCS2 = "GSM-7", "UCS-2"
#: encoding -> units of a single part, units of each of several
ROOM = {GSM: (160, 153), UCS2: (70, 67)}
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True, slots=True)
class Segments:
    """What operators bill: parts. units: of the encoding, of the whole text."""

    encoding: str
    parts: int
    units: int


def count(text: str) -> Segments:
    """Count a text as it would leave."""
    is_gsm = all(sign in BASIC or sign in EXTENSION for sign in text)
    encoding = GSM if is_gsm else UCS2
    sizes = [_gsm_units(sign) if is_gsm else _utf16_units(sign) for sign in text]
    return Segments(encoding, _parts(sizes, *ROOM[encoding]), sum(sizes))


def price(text: str, per_segment: str) -> Decimal | None:
    """Price a text; None when the integration's price_per_segment is empty or no number."""
    try:
        each = Decimal(per_segment.replace(",", ".").strip())
    except InvalidOperation:
        return None
    return each * count(text).parts if each.is_finite() and each >= 0 else None


def _gsm_units(sign: str) -> int:
    return 2 if sign in EXTENSION else 1


def _utf16_units(sign: str) -> int:
    return 2 if ord(sign) > 0xFFFF else 1


def _parts(sizes: Iterable[int], single: int, each: int) -> int:
    sizes = list(sizes)
    if sum(sizes) <= single:
        return 1 if sizes else 0
    parts, room = 1, each
    for size in sizes:
        if size > room:
            parts, room = parts + 1, each
        room -= size
    return parts
