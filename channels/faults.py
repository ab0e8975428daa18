"""What does a fault of ours in an adapter look like, and what stands for it?"""

from __future__ import annotations

from typing import Final

from channels.contract import Adapter
from channels.errors import Permanent, UnknownReply
from channels.request import HttpResponse

#: Anything else is not an adapter's to raise.
FAULTS: Final = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    NotImplementedError,
)


def unwritten(adapter: Adapter, error: Exception) -> Permanent:
    """Say that a call could not be written; its class only, a text may quote the message."""
    return Permanent(f"{type(error).__name__} in the adapter of {adapter.provider}")


def unread(response: HttpResponse, error: Exception) -> UnknownReply:
    """Say that an answer was not understood."""
    return UnknownReply(f"{response.status} not understood: {type(error).__name__}")
