"""Which keys were let in a moment ago, and as whom?

What is kept here may be over by now: whoever relies on it proves it where he writes. After a
minute a key is looked at again in any case, which also notes that it is used.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from tenants.auth import Caller, digest

KEPT_S = 60.0
MOST_KEPT = 10_000

_kept: OrderedDict[str, tuple[Caller, float]] = OrderedDict()
_lock = threading.Lock()


def find(key: str, now_s: float) -> Caller | None:
    """Tell who came with this key within the last minute. now_s: of a clock that never jumps."""
    who, until = _kept.get(digest(key), (None, 0.0))
    return who if now_s < until else None


def put(key: str, who: Caller, now_s: float) -> None:
    """Remember whom a key has let in just now."""
    name = digest(key)
    with _lock:
        _kept[name] = (who, now_s + KEPT_S)
        _kept.move_to_end(name)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)


def forget() -> None:
    """Forget all."""
    with _lock:
        _kept.clear()
