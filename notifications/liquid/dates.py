"""How does a moment read to this client: in her salon's zone and in her language?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Locale:
    """language: "ru", "en" or a tag such as "ru-RU"; zone: that of the visit's location."""

    language: str
    zone: ZoneInfo


DEFAULT_FORMAT = "DD.MM.YYYY HH:mm"
MAX_FORMAT = 100
_Part = Callable[[datetime, "_Words"], str]


@dataclass(frozen=True, slots=True)
class _Words:
    months: tuple[str, ...]
    months_of: tuple[str, ...]  # beside a day number: "21 ноября"
    short_months: tuple[str, ...]
    short_months_of: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]


def _split(names: str) -> tuple[str, ...]:
    return tuple(names.split())


_EN_MONTHS = _split(
    "January February March April May June July August September October November December"
)
_EN_SHORT_MONTHS = tuple(name[:3] for name in _EN_MONTHS)
_EN_DAYS = _split("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_EN = _Words(
    months=_EN_MONTHS,
    months_of=_EN_MONTHS,
    short_months=_EN_SHORT_MONTHS,
    short_months_of=_EN_SHORT_MONTHS,
    days=_EN_DAYS,
    short_days=tuple(name[:3] for name in _EN_DAYS),
)
_RU = _Words(
    months=_split(
        "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь"
    ),
    months_of=_split(
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"
    ),
    short_months=_split("янв. февр. март апр. май июнь июль авг. сент. окт. нояб. дек."),
    short_months_of=_split("янв. февр. мар. апр. мая июня июля авг. сент. окт. нояб. дек."),
    days=_split("понедельник вторник среда четверг пятница суббота воскресенье"),
    short_days=_split("пн вт ср чт пт сб вс"),
)
_LANGUAGES = {"ru": _RU, "en": _EN}


@lru_cache(maxsize=8192)
def show(value: str, pattern: str, language: str, zone: ZoneInfo) -> str:
    """Write an ISO 8601 moment by a pattern of DD.MM.YYYY tokens or of strftime directives.

    A moment without offset is the salon's own wall-clock time. Raises ValueError.
    """
    moment = _moment(value, zone)
    words = _LANGUAGES.get(language[:2].lower(), _EN)
    return "".join([part(moment, words) for part in _compiled(pattern)])


@lru_cache(maxsize=1024)  # a letter shows the same moment in its subject and its body
def _moment(value: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[_Part, ...]:
    if len(pattern) > MAX_FORMAT:
        raise ValueError(f"a date format has at most {MAX_FORMAT} characters")
    pieces = _strftime_pieces(pattern) if "%" in pattern else _token_pieces(pattern)
    beside_day = any(token in ("D", "DD") for token, _ in pieces)
    return tuple(_part(token, text, beside_day=beside_day) for token, text in pieces)


def _part(token: str, text: str, *, beside_day: bool) -> _Part:
    if not token:
        return lambda moment, words: text
    if token == "MMMM":  # noqa: S105 (a date token)
        return _month if not beside_day else _month_of
    if token == "MMM":  # noqa: S105 (a date token)
        return _short_month if not beside_day else _short_month_of
    return _TOKENS[token]


def _month(moment: datetime, words: _Words) -> str:
    return words.months[moment.month - 1]


def _month_of(moment: datetime, words: _Words) -> str:
    return words.months_of[moment.month - 1]


def _short_month(moment: datetime, words: _Words) -> str:
    return words.short_months[moment.month - 1]


def _short_month_of(moment: datetime, words: _Words) -> str:
    return words.short_months_of[moment.month - 1]


_TOKENS: dict[str, _Part] = {
    "YYYY": lambda moment, words: f"{moment.year:04}",
    "YY": lambda moment, words: f"{moment.year % 100:02}",
    "MMMM": _month,
    "MMM": _short_month,
    "MM": lambda moment, words: f"{moment.month:02}",
    "M": lambda moment, words: str(moment.month),
    "DD": lambda moment, words: f"{moment.day:02}",
    "D": lambda moment, words: str(moment.day),
    "dddd": lambda moment, words: words.days[moment.weekday()],
    "ddd": lambda moment, words: words.short_days[moment.weekday()],
    "HH": lambda moment, words: f"{moment.hour:02}",
    "H": lambda moment, words: str(moment.hour),
    "hh": lambda moment, words: f"{(moment.hour + 11) % 12 + 1:02}",
    "h": lambda moment, words: str((moment.hour + 11) % 12 + 1),
    "mm": lambda moment, words: f"{moment.minute:02}",
    "ss": lambda moment, words: f"{moment.second:02}",
    "A": lambda moment, words: "AM" if moment.hour < 12 else "PM",
    "z": lambda moment, words: moment.strftime("%z"),
    "Z": lambda moment, words: moment.tzname() or "",
    "j": lambda moment, words: f"{moment.timetuple().tm_yday:03}",
    "s": lambda moment, words: str(int(moment.timestamp())),
}
_RUN = re.compile(r"\[([^\[\]]*)\]|([A-Za-z]+)|([^A-Za-z\[]+|\[)")
_TOKEN = re.compile(r"YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|ss|A|T")
#: Read once from the left, as findall does (++): "MMMM" is cut in eight ways, a hundred M in 2**99.
_WHOLE_RUN = re.compile(f"(?:{_TOKEN.pattern})++")


def _token_pieces(pattern: str) -> list[tuple[str, str]]:
    """Split a pattern into (token, "") and ("", literal); words that hold no token stay words."""
    pieces: list[tuple[str, str]] = []
    for escaped, letters, other in _RUN.findall(pattern):
        if letters and _WHOLE_RUN.fullmatch(letters):
            pieces += [("", "T") if t == "T" else (t, "") for t in _TOKEN.findall(letters)]
        else:
            pieces.append(("", escaped or letters or other))
    return pieces


#: Directives by our own tokens: glibc's strftime takes widths ("%999999999d") and its own locale.
_DIRECTIVES = {
    "Y": "YYYY", "y": "YY", "B": "MMMM", "b": "MMM", "h": "MMM", "m": "MM", "d": "DD", "A": "dddd",
    "a": "ddd", "H": "HH", "I": "hh", "M": "mm", "S": "ss", "p": "A", "z": "z", "Z": "Z", "j": "j",
    "s": "s", "-m": "M", "-d": "D", "e": "D", "-H": "H", "k": "H", "-I": "h", "l": "h",
}  # fmt: skip
_COMPOUND = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "X": "%H:%M:%S"}
_DIRECTIVE = re.compile(r"%(-?[A-Za-z]|%)|([^%]+)|(%)")


def _strftime_pieces(pattern: str) -> list[tuple[str, str]]:
    for letter, meaning in _COMPOUND.items():
        pattern = pattern.replace(f"%{letter}", meaning)
    return [_directive(*found) for found in _DIRECTIVE.findall(pattern)]


def _directive(letter: str, text: str, stray: str) -> tuple[str, str]:
    if text:
        return "", text
    if letter == "%":
        return "", "%"
    token = _DIRECTIVES.get(letter)
    if stray or token is None:
        raise ValueError(f"unknown date directive %{letter}")
    return token, ""
