"""What would the tools of the tests do a million times that no test asks for?"""

from __future__ import annotations

from typing import Any

from django.template import Context, Template
from django.test.client import ClientHandler
from django.test.signals import template_rendered
from hypothesis.internal import charmap
from hypothesis.internal.intervalsets import IntervalSet

ALL_BUT_SURROGATES = IntervalSet([(0, 0xD7FF), (0xE000, 0x10FFFF)])
_measured = charmap.intervals_from_codec
_load = ClientHandler.load_middleware
_loaded: dict[str, Any] = {}


def save_work() -> None:
    """Let pages be told once, middleware load once and UTF-8 be known; tests see no difference."""
    ClientHandler.load_middleware = _load_once  # type: ignore[assignment]  # for all
    Template._render = _render_told  # type: ignore[attr-defined]  # django-stubs leave it out
    charmap.intervals_from_codec = _known_or_measured  # type: ignore[assignment]  # not cached


def _render_told(page: Template, context: Context) -> Any:
    """Tell the test client of the page's own context, not of those of 150 parts (a fifth of it)."""
    if context.template is page:
        template_rendered.send(sender=page, template=page, context=context)
    return page.nodelist.render(context)


def _load_once(handler: ClientHandler, is_async: bool = False) -> None:
    """Give each of two thousand clients the chain of the first: no test changes what is in it."""
    if not _loaded:
        _load(handler, is_async)
        chain = ("_middleware_chain", "_view_middleware", "_template_response_middleware")
        _loaded.update({name: vars(handler)[name] for name in (*chain, "_exception_middleware")})
    vars(handler).update(_loaded)


def _known_or_measured(codec_name: str) -> tuple[IntervalSet, IntervalSet]:
    """Spare every process of a fresh checkout 2.5 s of asking which characters UTF-8 can write."""
    if codec_name == "utf-8":
        return ALL_BUT_SURROGATES, IntervalSet(())
    found: tuple[IntervalSet, IntervalSet] = _measured(codec_name)
    return found
