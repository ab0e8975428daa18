"""What does an answer of VK's API say? HTTP is always 200: the body tells.

https://dev.vk.com/reference/errors (API 5.199), VKCOM/vk-api-schema errors.json, read 2026-11.
"""

from __future__ import annotations

from channels.answers import json_object
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    Deferred,
    DeliveryError,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
    WindowClosed,
)
from channels.provider_words import clean
from channels.request import HttpResponse

RATE_WAIT_S = 1.0
HTTP_WAIT_S = 30.0  # 429 of a proxy or gateway, which VK's API itself does not use

#: With messages.send's own. 9: flood control, about this client.
#: 29: the method's limit of the day. 912: "bot abilities" are off in the community's settings.
CODES: dict[int, type[DeliveryError]] = {
    6: RateLimited,
    **dict.fromkeys((1, 10), Temporary),
    **dict.fromkeys((9, 29), Deferred),
    **dict.fromkeys((14, 17), ProviderPaused),
    **dict.fromkeys((7, 18, 104, 113, 900, 901, 902, 917, 936), BadAddress),
    **dict.fromkeys((943, 944, 950), WindowClosed),
    **dict.fromkeys((100, 910, 911, 912, 914, 921, 940), Permanent),
    **dict.fromkeys((2, 5, 15, 20, 23, 27, 28, 203, 985), BadCredentials),
}
OF_ONE_RECIPIENT = (BadAddress, WindowClosed)


def read_answer(response: HttpResponse) -> object:
    """Give the answer's `response`; raises what an `error` or a foreign answer means."""
    answer = json_object(response)
    if response.status >= 500:  # safe to repeat, whatever became of the first one
        raise Temporary(f"{response.status} of VK or of a gateway before it")
    if answer is None:
        raise _unreadable(response)
    error = answer.get("error")
    if isinstance(error, dict):
        raise refusal(error.get("error_code"), str(error.get("error_msg", "")))
    return answer.get("response")


def refusal(code: object, words: str) -> DeliveryError:
    """Make the error that a code means."""
    detail = f"{code} {clean(words)}"
    kind = CODES.get(code) if isinstance(code, int) else None
    if kind is None:
        return UnknownReply(detail)
    is_personal = issubclass(kind, OF_ONE_RECIPIENT) or code == 9
    return kind(
        detail,
        retry_after_s=RATE_WAIT_S if kind is RateLimited else None,
        scope="address" if is_personal else "integration",
    )


def _unreadable(response: HttpResponse) -> DeliveryError:
    words = f"{response.status} with an unreadable answer"
    if response.status == 429:
        return RateLimited(words, retry_after_s=HTTP_WAIT_S)
    return Ambiguous(words) if 200 <= response.status < 300 else UnknownReply(words)
