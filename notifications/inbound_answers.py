"""What does the platform answer a client? Ordinary messages of the salon's own workflows.

They come from the pack "answers", which every salon starts with. They pass the same gates, log and
queues as any message, and go to the channel that the client wrote from. A transaction id per
reason makes each answer one, however often a client or an automaton at her end repeats itself.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from channels.contract import ChannelKind
from channels.kinds import CHANNEL_OF_ADDRESS
from notifications.commands import Command
from notifications.inbound_people import Owner
from notifications.publish import caller_here
from notifications.trigger import accept
from tenants.errors import PlatformError
from tenants.people import SubscriberInput

log = logging.getLogger(__name__)

#: Where people talk; a letter or a push is not answered by another one.
TALKS: Final = frozenset({ChannelKind.CHAT, ChannelKind.SMS})
PACK: Final = "answers"
LINKED, STOPPED, CONSENT = "chat-linked", "marketing-stopped", "marketing-consent"


def answer(owner: Owner, workflow: str, reason: str, now: datetime) -> None:
    """Answer a client where she wrote, if one talks there; call inside the tenant's scope.

    reason: makes the answer unique. A salon that has no such workflow, or has changed it so that
    it wants a payload, stays silent: that is noted, and stops nothing.
    """
    if CHANNEL_OF_ADDRESS.get(owner.kind) not in TALKS:
        return
    command = Command(
        name=workflow,
        transaction_id=f"{workflow}:{reason}",
        payload={},
        people=(SubscriberInput(owner.subscriber_id),),
        overrides={"channel": owner.kind},
    )
    try:
        accept(caller_here(owner.mode), command, now)
    except PlatformError as refused:
        log.warning(
            "a client was not answered", extra={"workflow": workflow, "error": refused.code}
        )


def daily(owner: Owner, now: datetime) -> str:
    """Give a reason that makes an answer one a day for this client."""
    return f"{owner.subscriber}:{now:%Y-%m-%d}"
