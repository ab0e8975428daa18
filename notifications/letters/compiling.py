"""How does MJML become HTML, and pasted HTML clean? In Rust, in a thread of its own.

They walk through nested tags by recursion, and a stack that overflows there ends the process. The
size of a source is limited, so a stack that is large enough for the deepest one can be given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import css_inline
import mjml
import nh3

from notifications.letters.tags import ATTRIBUTES, HTML, PROPERTIES

MOST_SOURCE = 64_000  # characters, as of every field of a template
#: 64,000 characters of nested tags take less than 60 MB; the system gives what is touched only.
STACK_BYTES = 256 * 1024 * 1024
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)
_starting = threading.Lock()


class BadMarkup(ValueError):
    """A letter that cannot be read; the message is English."""


def compile_mjml(source: str) -> str:
    """Make an HTML page; raises BadMarkup."""
    return _aside(_compile, source)


def clean_html(source: str) -> str:
    """Put style sheets into the tags, and leave nothing that runs or loads; raises BadMarkup."""
    return _aside(_clean, source)


def _compile(source: str) -> str:
    try:
        # fonts: none, because mail programs would call a font server for every letter
        return str(mjml.mjml2html(source, fonts={}))
    except ValueError as error:  # also for <mj-include>, for which no loader is given
        raise BadMarkup(str(error).removesuffix(" in root template")) from error


def _clean(source: str) -> str:
    try:
        inlined = _INLINER.inline(source)
    except css_inline.InlineError as error:
        raise BadMarkup(f"its style sheet is broken: {error}") from error
    return nh3.clean(
        inlined,
        tags=set(HTML),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        clean_content_tags={"script", "style", "title"},
        url_schemes={"http", "https", "mailto", "tel"},
        filter_style_properties=set(PROPERTIES),
        link_rel=None,
    )


def _aside(work: Callable[[str], str], source: str) -> str:
    """Run it on a deep stack; raises what it raises."""
    if len(source) > 2 * MOST_SOURCE:  # Liquid is written longer for it
        raise BadMarkup(f"longer than {MOST_SOURCE} characters")
    done: list[str] = []
    failed: list[BadMarkup] = []

    def run() -> None:
        try:
            done.append(work(source))
        except BadMarkup as error:
            failed.append(error)

    with _starting:  # the size holds for all threads that start now
        before = threading.stack_size(STACK_BYTES)
        thread = threading.Thread(target=run, name="letters")
        thread.start()
        threading.stack_size(before)
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
