"""What is a fake provider: it checks a call as the real one would, then takes it or plays a fault.

Written from the facts about the providers, never from our adapters: a call that the real provider
would refuse is refused here with its own words, and noted in `complaints`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tests.providers.server import Call, Reply

#: What the network or the machine does, whatever the provider: fault -> fate of the answer.
FATES = {"slow": "slow", "lost": "lost", "reset": "reset"}
GARBAGE = Reply(200, b'{"half', {"Content-Type": "application/json"})
NOVEL = Reply(418, b"{}", {"Content-Type": "application/json"})  # no provider's word
PAGE = b"<html><h1>502 Bad Gateway</h1></html>"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message in a call. id: ours, as far as the provider carries it. key: it knows repeats."""

    recipient: str
    text: str = ""
    id: str = ""
    key: str = ""


class Refusal(Exception):
    """The provider does not take this call; about: which rule it breaks."""

    def __init__(self, about: str, reply: Reply) -> None:
        super().__init__(about)
        self.about, self.reply = about, reply


class Fake(ABC):
    """One provider.

    Must override: name, read (check a call, give its letters; None: the call sends nothing),
    take (answer to letters that were accepted), refusals.
    May override: failure, repeat.
    """

    name: ClassVar[str]
    #: fault -> what the provider says instead of taking the message; {to} is its recipient
    refusals: Mapping[str, Reply]
    #: the provider's 500
    failure: ClassVar[Reply] = Reply(500, b"")

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}
        self.letters: list[Letter] = []
        self.calls: list[Call] = []
        self.complaints: list[str] = []
        #: whom it calls back: its own id of the webhook -> the webhook as it was ordered
        self.hooks: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, Reply] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def read(self, call: Call) -> Sequence[Letter] | Reply:
        """Check a call and give its letters, or answer one that sends nothing; raises Refusal."""

    @abstractmethod
    def take(self, call: Call, letters: Sequence[Letter]) -> Reply:
        """Answer to letters that were accepted."""

    def repeat(self, first: Reply) -> Reply:
        """Answer to a letter whose key was taken before; most replay their first answer."""
        return first

    def serve(self, call: Call) -> Reply:
        """Answer one call."""
        with self._lock:
            self.calls.append(call)
            try:
                read = self.read(call)
            except Refusal as refused:
                self.complaints.append(refused.about)
                return refused.reply
            return read if isinstance(read, Reply) else self._decide(call, read)

    @property
    def counts(self) -> Counter[str]:
        """How many messages each recipient would have got."""
        return Counter(letter.recipient for letter in self.letters)

    def fault_of(self, letters: Sequence[Letter]) -> str:
        return next((self.faults[x.recipient] for x in letters if x.recipient in self.faults), "")

    def _decide(self, call: Call, letters: Sequence[Letter]) -> Reply:
        fault = self.fault_of(letters)
        if fault in self.refusals:
            reply, to = self.refusals[fault], letters[0].recipient.encode()
            return replace(reply, body=reply.body.replace(b"{to}", to))
        if fault in BROKEN:
            return self.failure if fault == "failing" else BROKEN[fault]
        reply = self._accept(call, letters)
        if fault == "garbage":
            return replace(GARBAGE, status=reply.status)
        return replace(reply, fate=FATES.get(fault, ""))

    def _accept(self, call: Call, letters: Sequence[Letter]) -> Reply:
        key = "|".join(letter.key for letter in letters)
        if key and key in self._answers:
            return self.repeat(self._answers[key])
        self.letters.extend(letters)
        reply = self.take(call, letters)
        if key:
            self._answers[key] = reply
        return reply


#: Faults that come before the message is taken; "failing" is written as each provider does.
BROKEN = {
    "failing": Reply(500),
    "unavailable": Reply(503, b"<html>503</html>", {"Content-Type": "text/html"}),
    "gateway": Reply(502, PAGE, {"Content-Type": "text/html"}),
    "novel": NOVEL,
    "redirect": Reply(307, b"", {"Location": "/elsewhere"}),
}


def need(condition: object, about: str, reply: Reply) -> None:
    """Refuse the call unless the condition holds."""
    if not condition:
        raise Refusal(about, reply)
