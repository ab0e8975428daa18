"""How does MJML become HTML? By mrml, without fonts from elsewhere and without other files."""

from __future__ import annotations

import mjml


class BadMarkup(ValueError):
    """MJML that cannot be read; the message is the library's own."""


def compile_mjml(source: str) -> str:
    """Make an HTML page; raises BadMarkup.

    fonts: none, because mail programs would call a font server for every letter that is read.
    """
    try:
        return str(mjml.mjml2html(source, fonts={}))
    except ValueError as error:  # also for <mj-include>, for which no loader is given
        raise BadMarkup(str(error).removesuffix(" in root template")) from error
