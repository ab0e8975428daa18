"""Which tags, attributes and styles may a letter hold?"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: https://documentation.mjml.io, read 2026-11; without what loads files, fonts or scripts.
MJML = _words("""
    mjml mj-head mj-body mj-attributes mj-all mj-class mj-breakpoint mj-preview mj-style mj-title
    mj-html-attributes mj-selector mj-html-attribute mj-accordion mj-accordion-element
    mj-accordion-title mj-accordion-text mj-button mj-carousel mj-carousel-image mj-column
    mj-divider mj-group mj-hero mj-image mj-navbar mj-navbar-link mj-raw mj-section mj-social
    mj-social-element mj-spacer mj-table mj-text mj-wrapper
""")
#: Nothing but other MJML tags belongs into these; words there would be dropped.
HOLDS_TAGS_ONLY = _words("mjml mj-head mj-body mj-section mj-column mj-group mj-wrapper")
#: What runs, loads or asks for input.
FORBIDDEN = _words("""
    applet audio base button embed form frame frameset iframe input link math meta object script
    select svg textarea video mj-include mj-font
""")
#: Attributes that hold an address.
ADDRESSES = _words("href src background-url background poster action")
#: What has no end.
VOID = _words("area br col hr img source track wbr")

#: What is left of HTML that staff paste.
HTML = _words("""
    a abbr b blockquote br center code div em font h1 h2 h3 h4 h5 h6 hr i img li ol p pre s small
    span strong sub sup table tbody td tfoot th thead tr u ul
""")
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "*": _words("align bgcolor dir height lang role style valign width"),
    "a": _words("href title"),
    "img": _words("alt src"),
    "font": _words("color face size"),
    "table": _words("border cellpadding cellspacing"),
    "td": _words("colspan rowspan"),
    "th": _words("colspan rowspan"),
}
PROPERTIES = _words("""
    background background-color border border-bottom border-collapse border-color border-left
    border-radius border-right border-spacing border-style border-top border-width color display
    font font-family font-size font-style font-weight height letter-spacing line-height list-style
    list-style-type margin margin-bottom margin-left margin-right margin-top max-height max-width
    min-height min-width padding padding-bottom padding-left padding-right padding-top text-align
    text-decoration text-transform vertical-align white-space width word-break
""")
