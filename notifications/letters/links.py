"""How is it noted that a letter was opened or a link in it followed? Its links lead through us.

A link's new address names the letter and the link's number; where it leads is kept with the
message, so nobody can write an address of ours that leads elsewhere.
"""

from __future__ import annotations

import re
from html import escape, unescape

_ENTITY = re.compile(r"&#?\w+;")  # in an address "&copy=2" is no ©
# no < within: thousands of them in one tag would be walked through from each
_HREF = re.compile(r'(<a\b[^<>]*?\shref=")(https?://[^"\s]+)"', re.IGNORECASE)


def followed(html: str, *, base: str, token: str, spared: str) -> tuple[str, list[str]]:
    """Lead a letter's web links through us; give the letter and where they lead.

    base: our public address. token: names the letter. spared: an address that stays, as do
    mailto:, tel: and places within the letter.
    """
    targets: dict[str, int] = {}

    def lead(found: re.Match[str]) -> str:
        target = _ENTITY.sub(lambda entity: unescape(entity[0]), found[2])
        if target == spared:
            return found[0]
        number = targets.setdefault(target, len(targets))
        return f'{found[1]}{base}/t/{token}.{number}"'

    changed = _HREF.sub(lead, html)
    pixel = (
        f'<img src="{escape(base)}/o/{token}.gif" width="1" height="1" alt=""'
        ' style="width:1px;height:1px;border:0">'
    )
    head, end, tail = changed.rpartition("</body>")
    return (head + pixel + end + tail if end else changed + pixel), list(targets)
