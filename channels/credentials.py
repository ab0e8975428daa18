"""What may be stored as an account's credentials, and what of them may be shown?

Beside its own fields every account that is reached over HTTP may carry the gateway's: `proxy`,
`rate`, which replaces the provider's published limit of the account, and `callback_networks`, the
only addresses from which its callbacks are taken. Accounts of chats may carry `public_name`, by
which clients open them (channels.deep_links).
"""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings
from django.utils.text import slugify

from channels.adapters.sandbox import SandboxAdapter
from channels.contract import Adapter, Rate
from channels.deep_links import FORMS, NAME
from channels.fields import AGAIN, are_networks, faults, is_address, is_name, is_proxy, is_rate
from channels.guard import AddressGuard
from channels.registry import ADAPTERS
from channels.secrets import decrypt, encrypt
from tenants.errors import InvalidFields

VALUE_LIMIT = 8192  # a service account's JSON key is the longest secret there is
DOTS = "••••"

#: The gateway's own fields -> True when secret: a proxy's address may hold a password.
OF_HTTP: Mapping[str, bool] = {"proxy": True, "rate": False, "callback_networks": False}
#: Of chats that a client can open by a link: the name in it.
OF_CHATS: Mapping[str, bool] = {NAME: False}
_ADDRESSES = frozenset({"url", "api_base"})

Errors = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a new account is made of, once everything about it is right."""

    kind: str
    credentials: Mapping[str, str] = field(repr=False)


def read_account(
    provider: str, credentials: Mapping[str, object], *, identifier: str, kind: str
) -> NewAccount:
    """Check what somebody wants to add; raises InvalidFields, which names each field."""
    adapter = addable(provider)
    wanted = completed(adapter, credentials)
    errors = credential_errors(adapter, wanted)
    if kind := kind or _only_kind(adapter):
        errors |= {} if kind in adapter.kinds else {"kind": [f"{provider} does not carry {kind}"]}
    else:
        errors["kind"] = ["is required: " + ", ".join(sorted(adapter.kinds))]
    if not identifier or slugify(identifier) != identifier:
        errors["identifier"] = ["takes lower-case letters, digits, - and _"]
    _refuse(errors)
    return NewAccount(kind, clean(wanted))


def merged(provider: str, token: str, changes: Mapping[str, object]) -> str:
    """Put changed fields among the stored ones, encrypted again; raises InvalidFields."""
    adapter, stored = addable(provider), decrypt(token)
    values = completed(adapter, {**stored, **changes})
    again = {f"credentials.{name}": [AGAIN] for name in asked_again(adapter, stored, changes)}
    _refuse(again | credential_errors(adapter, values))
    return encrypt(clean(values))


def addable(provider: str) -> type[Adapter]:
    """Find the adapter of a provider that a salon may choose; raises InvalidFields."""
    # The Phone's URL is trusted, hence never a tenant's to choose.
    known = sorted(name for name in ADAPTERS if name != SandboxAdapter.provider)
    if provider not in known:
        raise InvalidFields(
            "The provider is unknown.", errors={"provider": ["must be one of: " + ", ".join(known)]}
        )
    return ADAPTERS[provider]


def fields_of(adapter: type[Adapter]) -> dict[str, bool]:
    """Name all fields of an account -> whether they are secret."""
    has_gateways_own = adapter.sender == "http" and adapter is not SandboxAdapter
    more = {**OF_HTTP, **OF_CHATS} if adapter.provider in FORMS else OF_HTTP
    return {**adapter.fields, **more} if has_gateways_own else dict(adapter.fields)


def is_required(adapter: type[Adapter], field: str) -> bool:
    """Ask whether a field must be filled in."""
    return field in adapter.fields and field not in adapter.optional | adapter.generated


def completed(adapter: type[Adapter], credentials: Mapping[str, object]) -> dict[str, object]:
    """Make up the secrets that we choose ourselves, unless they are given."""
    # Letters and digits: providers differ in what else they let a secret hold, and in its length.
    made = {name: random.token_hex(20) for name in adapter.generated if not credentials.get(name)}
    return {**credentials, **made}


def credential_errors(adapter: type[Adapter], credentials: Mapping[str, object]) -> Errors:
    """Say what is wrong, by field: what each may hold, then what its rules say."""
    errors = _shape_errors(adapter, credentials)
    if not errors:
        errors = {name: [sentence] for name, sentence in field_faults(adapter, credentials).items()}
    return {f"credentials.{name}": sentences for name, sentences in errors.items()}


def field_faults(adapter: type[Adapter], credentials: Mapping[str, object]) -> dict[str, str]:
    """Ask the rules of the fields that are filled in: field -> what is wrong, in English."""
    values = clean(credentials)
    trusts = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS)).trusts
    addresses = {
        name: partial(is_address, may_be_plain=trusts) for name in values if _is_address(name)
    }
    own = {"proxy": is_proxy, "rate": is_rate, "callback_networks": are_networks, NAME: is_name}
    common = faults(values, **own, **addresses)
    return {**adapter.check(values), **common}


def asked_again(
    adapter: type[Adapter], stored: Mapping[str, str], changes: Mapping[str, object]
) -> list[str]:
    """Name the secrets that must be known to whoever sends them to another address.

    Else everyone who may change an account could have them sent to himself.
    """
    is_moved = any(
        _is_target(name) and (value or "") != stored.get(name, "")
        for name, value in changes.items()
    )
    if not (is_moved and adapter.sends_secrets):
        return []
    kept = adapter.generated | adapter.for_callbacks  # these are not sent
    secret = [name for name, is_secret in adapter.fields.items() if is_secret and name not in kept]
    return [name for name in secret if name in stored and name not in changes]


def clean(credentials: Mapping[str, object]) -> dict[str, str]:
    """Give what is stored: texts without blanks around them; an empty one is not there."""
    texts = {name: value.strip() for name, value in credentials.items() if isinstance(value, str)}
    return {name: text for name, text in texts.items() if text}


def shown(provider: str, token: str) -> dict[str, str]:
    """Give what a screen may show: open fields as they are, secret ones as dots when set."""
    values = decrypt(token)
    return {
        name: DOTS if is_secret and values.get(name) else values.get(name, "")
        for name, is_secret in fields_of(ADAPTERS[provider]).items()
    }


def own_rates(adapter: Adapter) -> tuple[Rate, ...]:
    """Give the limits of an account: the provider's published ones, or the account's own rate."""
    told = adapter.credentials.get("rate", "")
    if not told or is_rate(told):
        return adapter.rates
    count, _, per_s = told.partition("/")
    kept = [rate for rate in adapter.rates if rate.scope != "account"]
    return (*kept, Rate("account", int(count), float(per_s or 1)))


def _only_kind(adapter: type[Adapter]) -> str:
    return str(next(iter(adapter.kinds))) if len(adapter.kinds) == 1 else ""


def _refuse(errors: Errors) -> None:
    if errors:
        raise InvalidFields("The integration is not complete.", errors=errors)


def _is_address(name: str) -> bool:
    return name in _ADDRESSES or name.endswith("_url")


def _is_target(name: str) -> bool:
    """Ask whether this field says where secrets travel to."""
    return name in {"host", "imap_host"} or _is_address(name)


def _shape_errors(adapter: type[Adapter], credentials: Mapping[str, object]) -> Errors:
    fields, errors = fields_of(adapter), Errors()
    for name in credentials.keys() - fields.keys():
        errors[name] = ["is not a field of " + adapter.provider]
    for name in fields:
        value = credentials.get(name, "")
        if not isinstance(value, str) or len(value) > VALUE_LIMIT or "\x00" in value:
            errors[name] = [f"must be a text of up to {VALUE_LIMIT} characters"]
        elif not value.strip() and is_required(adapter, name):
            errors[name] = ["is required"]
    return errors
