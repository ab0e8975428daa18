"""What do WhatsApp's codes mean, in an answer or in a later status?

https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes, 2026-05-15.
"""

from __future__ import annotations

from channels.adapters.graph_answers import Codes
from channels.errors import (
    BadAddress,
    BadCredentials,
    Deferred,
    DeliveryError,
    OptedOut,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    WindowClosed,
)


def _each(kind: type[DeliveryError], *codes: int) -> dict[int, type[DeliveryError]]:
    return dict.fromkeys(codes, kind)


class TemplateRefused(Permanent):
    """Meta does not take the template as we sent it: unknown, rejected, other parameters."""


#: 131026 is a catch-all: blocked, an old client, not on WhatsApp. 132015 and 132016: the template
#: rests at Meta, so that the next channel is taken and the address stays. 130497: this client's
#: country is closed to the account, which is no reason to stop it for all.
CODES = Codes(
    by_code={
        **_each(RateLimited, 4, 80007, 130429, 131056),
        **_each(Temporary, 1, 2, 131000, 131016, 131057, 133016),
        **_each(Deferred, 131048, 131064, 131049, 130472),
        **_each(BadAddress, 131026, 131021, 131030, 131062, 131063),
        **_each(OptedOut, 131050),
        **_each(WindowClosed, 131047, 130497, 132015, 132016),
        **_each(Permanent, 100, 131008, 131009, 131051, 131052, 131053),
        **_each(TemplateRefused, 132000, 132001, 132005, 132007, 132008, 132012),
        **_each(Permanent, 135000),
        **_each(BadCredentials, 0, 3, 10, 190, 131005),
        **_each(ProviderPaused, 33, 131031, 131037, 131042, 131045, 368),
    },
    # A wrong phone_number_id comes as 100 with this subcode.
    by_subcode={(100, 33): BadCredentials},
    waits={4: 60.0, 80007: 60.0, 130429: 5.0, 131056: 10.0},
    of_one_recipient=frozenset({131056, 131050, 131047, 130497}),
)
