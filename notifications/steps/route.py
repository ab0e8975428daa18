"""Where does a message go: the trigger's channel, else the client's preferred, then the step's.

The first usable address with an account that serves it, and may, is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.accounts import FAILING, Account
from channels.kinds import CHANNEL_OF_ADDRESS
from notifications.loading import AddressFacts, Person, Work
from notifications.outcomes import Skip, Wait

ADDRESS_ORDER = tuple(CHANNEL_OF_ADDRESS)  # best first within a channel kind
PAUSE = timedelta(minutes=1)  # how soon to look again at an account that cannot send now
REST = timedelta(seconds=5)  # the same for one that is failing: breakers rest that long at first
#: How soon to look whether a stop has ended; a stopped campaign must not keep workers busy.
STOPPED_FOR = {"tx": timedelta(minutes=1), "mk": timedelta(minutes=5)}
FAILED, PAUSED = "instead_of_failing", "instead_of_paused"  # what a detour is instead of


@dataclass(slots=True)
class Route:
    """Where this message goes. detour: why not where it should have gone first."""

    account: Account
    address: AddressFacts
    detour: str = ""


def choose(work: Work, accounts: Sequence[Account], now: datetime) -> Route | Skip | Wait:
    """Find the first usable address with an account that serves it.

    An account that must not carry this category to such an address is passed over.
    A paused or failing account gives way to the next channel. One that only rests (its provider's
    "too many") is waited for if the message allows it: else a few seconds would turn a campaign
    into SMS.
    """
    detour, rests, kind, is_kept_back = "", None, "", False
    usable = _usable(work)
    free = _free(work, usable)
    for account, address in _candidates(work, _of_mode(work, accounts), free):
        if rests is not None and address.kind != kind:
            break
        if not account.may_carry(address.kind, work.definition.category):
            is_kept_back = True
            continue
        if account.may_send(now):
            return Route(account, address, detour)
        detour = detour or _detour(account, address)
        if _may_wait(work, account) and rests is None:
            rests, kind = account.frozen_until, address.kind
    if rests is not None:
        return Wait(rests, "integration_rests")
    if detour:
        return _wait_for_account(detour, now)
    return Skip("policy_forbids") if is_kept_back else _closed(work, usable, now)


def _usable(work: Work) -> list[AddressFacts]:
    usable = [a for a in work.person.addresses if a.state == "active" and a.kind not in work.failed]
    usable.sort(key=_order)
    return usable


def _free(work: Work, usable: list[AddressFacts]) -> list[AddressFacts]:
    if work.off or work.stopped:
        return [address for address in usable if not _closed_by(work, address)]
    return usable


def own_server(person: Person) -> AddressFacts:
    """Give the salon's own server as an address; a webhook tells it whom it is about."""
    return AddressFacts(None, "url", person.subscriber_id, "active")


def stop_wait(work: Work, now: datetime) -> Wait:
    """Look again soon, or after a while at what is not urgent."""
    return Wait(now + STOPPED_FOR[work.definition.category], "stopped")


def _closed_by(work: Work, address: AddressFacts) -> str:
    """Say by whose will an address is closed to this message: "stopped", "preference" or none."""
    channel = CHANNEL_OF_ADDRESS[address.kind]
    if channel in work.off:
        return "preference"
    return "stopped" if not work.stopped.isdisjoint((channel, address.kind)) else ""


def _closed(work: Work, usable: Sequence[AddressFacts], now: datetime) -> Skip | Wait:
    """Say what keeps a message from the addresses that it could go to."""
    wanted = [a for a in usable if any(covers(word, a.kind) for word in _wanted(work))]
    why = {_closed_by(work, address) for address in wanted}
    if "stopped" in why:
        return stop_wait(work, now)
    return Skip("preference" if "preference" in why else _why_unreachable(work, usable))


def _detour(account: Account, address: AddressFacts) -> str:
    word = FAILED if account.state == FAILING else PAUSED
    return f"{word}:{address.kind}"


def _wait_for_account(detour: str, now: datetime) -> Wait:
    if detour.startswith(FAILED):
        return Wait(now + REST, "provider_failing")
    return Wait(now + PAUSE, "integration_paused")


def _order(address: AddressFacts) -> int:
    """Order a client's messengers; addresses made in one moment have ids in no order."""
    return ADDRESS_ORDER.index(address.kind)


def _may_wait(work: Work, account: Account) -> bool:
    expires, until = work.task.expires_at, account.frozen_until
    is_in_time = until is not None and (expires is None or until < expires)
    return account.state == "active" and is_in_time


def _of_mode(work: Work, accounts: Iterable[Account]) -> list[Account]:
    """Test traffic and demo salons use the Phone, and only they do."""
    is_phone = work.event.mode == "test" or work.salon.is_sandbox
    found = [account for account in accounts if (account.provider == "sandbox") == is_phone]
    names = work.step.settings.get("integrations") if work.step else None
    return _chosen(found, names) if names else found


def _chosen(accounts: Sequence[Account], names: Sequence[str]) -> list[Account]:
    """Keep the accounts that the step names, and all of kinds of which it names none."""
    kinds = {account.kind for account in accounts if account.identifier in names}
    return [one for one in accounts if one.identifier in names or one.kind not in kinds]


def _candidates(
    work: Work, accounts: Sequence[Account], addresses: Sequence[AddressFacts]
) -> Iterator[tuple[Account, AddressFacts]]:
    for word in _wanted(work):
        if word == "webhook":
            target = own_server(work.person)
            yield from ((a, target) for a in accounts if a.kind in ("webhook", "any"))
            continue
        for account in accounts:
            for address in addresses:
                if _fits(word, account, address):
                    yield account, address


def _wanted(work: Work) -> list[str]:
    """Put the trigger's or the client's channel first when the step allows it at all."""
    step = work.step
    words = list(step.channels) if step else []
    preferred = str(work.event.overrides.get("channel") or work.person.preferred_channel)
    is_allowed = preferred and any(covers(word, preferred) for word in words)
    return [preferred, *words] if is_allowed else words


def covers(word: str, kind: str) -> bool:
    """Say whether a step's channel reaches this kind of address."""
    return word in (kind, CHANNEL_OF_ADDRESS.get(kind)) or CHANNEL_OF_ADDRESS.get(word) == kind


def _fits(word: str, account: Account, address: AddressFacts) -> bool:
    channel = CHANNEL_OF_ADDRESS[address.kind]
    return (
        word in (channel, address.kind, account.provider)
        and address.kind in account.adapter.address_kinds
        and account.carries(channel)
    )


def _why_unreachable(work: Work, usable: Sequence[AddressFacts]) -> str:
    if usable and any(covers(word, a.kind) for word in _wanted(work) for a in usable):
        return "no_integration"
    states = {a.state for a in work.person.addresses}
    return "suppressed" if "suppressed" in states and "active" not in states else "no_address"
