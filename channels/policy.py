"""Which messages may go through which place and channel: our defaults, and a salon's own rules.

A message goes where both the place of the provider and the channel of the address may carry its
category. What stands in no table is allowed. It is law that makes these rules (in Russia: 38-FZ,
72-FZ of 2025, 152-FZ), and law differs and changes: hence a salon may set each of them itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from channels.contract import Adapter
from channels.kinds import CHANNEL_OF_ADDRESS

TX, MK = "tx", "mk"
CATEGORIES = (TX, MK)
ALL = frozenset(CATEGORIES)

#: Place, kind of address or of channel -> what it carries unless the salon says otherwise.
DEFAULTS: Mapping[str, frozenset[str]] = {
    "domestic": ALL,
    "foreign": ALL,
    # Advertising on resources of organisations that Russia has banned is an offence (72-FZ).
    "instagram": frozenset({TX}),
}

#: What a rule can be about, in a person's words.
TARGETS: Mapping[str, str | Promise] = {
    "domestic": _("All providers at home"),
    "foreign": _("All providers abroad"),
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "vk": "VK",
    "max": "MAX",
    "instagram": "Instagram",
    "phone": "SMS",
    "email": _("E-mail"),
    "push": _("Push"),
    "url": _("Webhook"),
}

Policy = Mapping[str, frozenset[str]]
Forbidden = frozenset[tuple[str, str]]


def policy_of(rules: Iterable[tuple[str, bool, bool]]) -> Policy:
    """Lay a salon's own rules (target, may_tx, may_mk) over the defaults."""
    own = {
        target: frozenset(word for word, may in ((TX, may_tx), (MK, may_mk)) if may)
        for target, may_tx, may_mk in rules
    }
    return {**DEFAULTS, **own}


def allowed(
    policy: Policy, adapter: Adapter | type[Adapter], address_kind: str, category: str
) -> bool:
    """Ask whether a message of this category may go to such an address through this provider."""
    channel = str(CHANNEL_OF_ADDRESS.get(address_kind, ""))
    words = (str(adapter.place), address_kind, channel)
    return all(category in policy.get(word, ALL) for word in words)


def forbidden(policy: Policy, adapter: Adapter | type[Adapter]) -> Forbidden:
    """List what an account must not carry: pairs of kind of address and category."""
    pairs = product(adapter.address_kinds, CATEGORIES)
    return frozenset(pair for pair in pairs if not allowed(policy, adapter, *pair))


def target_choices() -> list[tuple[str, str | Promise]]:
    """List what a rule can be about, for a model's `choices`, which takes this function."""
    return list(TARGETS.items())
