"""Why was it not sent, or not delivered? The engine's words in a manager's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

#: reason of a skip or a failure -> sentence; a word that is not here is shown as it is.
SENTENCES: dict[str, Any] = {
    "no_address": _("the client has no address for these channels"),
    "no_integration": _("no channel is connected that could carry it"),
    "policy_forbids": _("the salon's rules keep such messages out of these channels"),
    "integration_paused": _("the channel is paused by its provider"),
    "provider_failing": _("the provider is failing"),
    "provider_limit": _("as many messages as the provider allows have been sent"),
    "integration_rests": _("the provider asked to wait"),
    "suppressed": _("the client asked not to be written to"),
    "unsubscribed": _("the client has unsubscribed"),
    "consent_withdrawn": _("the client withdrew the consent to advertising"),
    "no_consent": _("there is no consent to marketing"),
    "opt_out": _("the client asked not to be written to"),
    "quiet_hours": _("quiet hours of the client"),
    "frequency_cap": _("marketing was sent to the client recently"),
    "hourly_cap": _("too many messages to the client within an hour"),
    "daily_tx_limit": _("the salon's daily limit is used up"),
    "daily_mk_limit": _("the salon's daily limit is used up"),
    "preference": _("the client has switched such messages off"),
    "all_channels_off": _("the client has switched off every channel"),
    "stopped": _("sending was stopped by hand"),
    "duplicate": _("the same text was sent recently"),
    "staff_get_no_marketing": _("staff get no marketing"),
    "delay_passed": _("the moment to wait for has passed"),
    "no_moment": _("the payload has no moment to wait for"),
    "condition_not_met": _("the condition is not met"),
    "condition_failed": _("the condition could not be checked"),
    "step_throttled": _("the client has had enough of these within the window"),
    "fallback_not_needed": _("the fallback was not needed"),
    "replied": _("the client answered"),
    "no_reply": _("the client did not answer in time"),
    "reply_awaited": _("waiting for the client's answer"),
    "fallback_wait": _("waiting whether the first message arrives"),
    "digest_open": _("gathering events into one message"),
    "expired": _("it was too late to send"),
    "render_failed": _("the text could not be put together"),
    "attempts_exhausted": _("the provider did not take it after several attempts"),
    "deferred_by_provider": _("the provider asked to wait for too long"),
    "window_closed": _("the 24-hour window of the messenger is closed"),
    "permanent_recipient": _("the provider does not know this address"),
    "mailbox_full": _("the client's mailbox is full"),
    "unreachable": _("the client's phone could not be reached"),
    "permanent_content": _("the provider does not accept this text"),
    "auth_pause": _("the provider refuses the salon's account"),
    "provider_pause": _("the provider has paused the account"),
    "unsupported": _("the channel cannot carry such a message"),
    "ambiguous": _("the provider did not confirm that it took the message"),
    "unknown": _("the provider's answer was not understood"),
    "blocked": _("the client has blocked the salon"),
    "interrupted": _("the sending was interrupted"),
    "poisoned": _("the message broke its batch three times"),
    "scheduled": _("waits for its time"),
    "delay": _("waits for its time"),
    "canceled": _("canceled"),
    "subscriber_deleted": _("the client was deleted"),
    "webhook_gone": _("its server wants no more events (it answered 410)"),
    "webhook_failing": _("its server has taken no event for three days"),
}


def told(reason: str) -> Any:
    """Say a reason in the reader's language."""
    return SENTENCES.get(reason, reason)
