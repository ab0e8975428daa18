"""How do plain calls leave over kept connections, with nothing between us and the socket?

libcurl opens, secures and guards a line (CONNECT_ONLY); what is said on it is our own HTTP/1.1
(channels.http1), at a third of what libcurl takes for a call. The life of a call:
1. `begin` says it on an idle line of its way, else `dial` lets libcurl open one.
2. `on_event` hears the answer; when it is whole the line is idle again.
3. `end_overdue` gives up calls whose time is over.
A call of which nothing could leave is said on another line; nothing else is ever said twice.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass

import pycurl

from channels.curl_slot import CurlSlot
from channels.errors import Ambiguous, DeliveryError, Temporary
from channels.http1 import Answer, Target, Unreadable, target_of
from channels.request import HttpRequest, HttpResponse

#: A record of TLS holds 16 KB: of what could not leave in one nothing was understood.
MOST_BYTES = 15 * 1024
RECEIVED_BYTES = 16 * 1024
IDLE_S = 60.0  # many providers close what is silent for longer, some without a word
NEVER = float("inf")

#: Origin, certificates, may it lead inside: calls that agree in these share lines.
Way = tuple[str, str, bool]


@dataclass(slots=True)
class Call:
    """What is to be said. began_at, ends_at: time.monotonic() seconds."""

    key: int
    method: str
    url: str
    text: bytes
    began_at: float
    ends_at: float

    @property
    def allowed_s(self) -> float:
        """Say how long it may take from its beginning."""
        return self.ends_at - self.began_at


@dataclass(slots=True, eq=False)
class Line:
    """A connection and the call that it carries now. unsaid: what of that has not left yet."""

    slot: CurlSlot
    way: Way
    call: Call | None
    answer: Answer
    fd: int = -1
    unsaid: bytes = b""
    idle_since: float = 0.0


Land = Callable[[Call, HttpResponse | DeliveryError], None]


def plain_target(request: HttpRequest) -> Target | None:
    """Say where a call leads that is plain enough for a line; None leaves it to libcurl."""
    is_plain = request.method == "POST" and 0 < len(request.body) <= MOST_BYTES
    return target_of(request.url) if is_plain and not (request.http2 or request.proxy) else None


class Lines:
    """All lines of a transport. land: what became of a call; free: takes handles back."""

    def __init__(
        self, multi: pycurl.CurlMulti, epoll: select.epoll, free: list[CurlSlot], land: Land
    ) -> None:
        self._multi = multi
        self._epoll = epoll
        self._free = free
        self._land = land
        self._dialing: dict[pycurl.Curl, Line] = {}
        self._idle: dict[Way, list[Line]] = {}
        self._next_end = NEVER
        self.open: dict[int, Line] = {}  # by socket
        self.idle_count = 0

    def begin(self, way: Way, call: Call) -> bool:
        """Say a call on an idle line; False: there is none."""
        while lines := self._idle.get(way):
            line = lines.pop()
            self._left(way)
            if call.began_at - line.idle_since < IDLE_S and self._say(line, call):
                return True
            self._hang_up(line)
        return False

    def dial(self, slot: CurlSlot, way: Way, call: Call) -> None:
        """Open a line for a call; the handle is set already (CurlSlot.dial)."""
        self._dialing[slot.easy] = Line(slot, way, call, Answer())
        self._multi.add_handle(slot.easy)

    def is_dialing(self, easy: pycurl.Curl) -> bool:
        """Ask whether this handle's end is a connection, not a call."""
        return easy in self._dialing

    def dialed(self, easy: pycurl.Curl, code: int) -> None:
        """Say what was dialed for, or why no line could be opened."""
        line = self._dialing.pop(easy)
        call = line.call
        assert call is not None  # noqa: S101 (nobody dials without one)
        if code:
            error = line.slot.result(code)
            self._hang_up(line)
            self._land(call, error)
            return
        line.slot.unload()
        line.fd = int(easy.getinfo(pycurl.ACTIVESOCKET))
        self.open[line.fd] = line
        self._listen(line, select.EPOLLIN)
        if not self._say(line, call):
            self._lose(line, "broke")

    def on_event(self, fd: int, events: int) -> None:
        """Move on the line of this socket."""
        line = self.open[fd]
        if line.unsaid and events & select.EPOLLOUT:
            if not self._say_on(line):
                self._lose(line, "broke")
                return
            if not line.unsaid:
                self._listen(line, select.EPOLLIN)
        if events & ~select.EPOLLOUT:
            self._hear(line)

    def end_overdue(self, now: float) -> None:
        """Give up calls whose time is over; libcurl does so with those that are dialing."""
        if now < self._next_end:
            return
        self._next_end = NEVER
        for line in list(self.open.values()):
            if line.call is None:
                continue
            if line.call.ends_at <= now:
                self._lose(line, "was silent")
            else:
                self._next_end = min(self._next_end, line.call.ends_at)

    def patience_s(self, now: float) -> float:
        """Say for how long nothing has to be given up."""
        return max(0.0, self._next_end - now)

    def give_one_up(self) -> None:
        """Hang up an idle line: its handle is wanted for another way."""
        way = next(iter(self._idle))
        line = self._idle[way].pop(0)
        self._left(way)
        self._hang_up(line)

    def close(self) -> None:
        """Hang up everywhere."""
        for line in [*self.open.values(), *self._dialing.values()]:
            self._hang_up(line)

    def _left(self, way: Way) -> None:
        """Count one idle line less; tenants choose ways, so none is remembered without lines."""
        self.idle_count -= 1
        if not self._idle[way]:
            del self._idle[way]

    def _rest(self, line: Line) -> None:
        line.call, line.idle_since = None, time.monotonic()
        self._idle.setdefault(line.way, []).append(line)
        self.idle_count += 1

    def _say(self, line: Line, call: Call) -> bool:
        """Begin a call; False: the line is dead, and nothing has left."""
        line.call, line.unsaid, line.answer = call, call.text, Answer()
        if not self._say_on(line):
            return False
        self._next_end = min(self._next_end, call.ends_at)
        if line.unsaid:
            self._listen(line, select.EPOLLIN | select.EPOLLOUT)
        return True

    def _say_on(self, line: Line) -> bool:
        try:
            line.unsaid = line.unsaid[line.slot.easy.send(line.unsaid) :]
        except BlockingIOError:
            return True
        except pycurl.error:
            return False
        return True

    def _hear(self, line: Line) -> None:
        """Read what came. What TLS alone has to say is no event of ours."""
        try:
            while data := line.slot.easy.recv(RECEIVED_BYTES):
                if line.call is None:
                    break  # nobody has asked
                if response := line.answer.feed(data):
                    self._answered(line, response)
                    return
        except BlockingIOError:
            return
        except (pycurl.error, Unreadable):
            self._lose(line, "broke")
            return
        if line.call is not None and (response := line.answer.end()):
            self._answered(line, response)
        else:
            self._lose(line, "ended")

    def _answered(self, line: Line, response: HttpResponse) -> None:
        call = line.call
        assert call is not None  # noqa: S101 (who has not asked gets no answer)
        if line.answer.is_last or line.unsaid:
            self._hang_up(line)
        else:
            self._rest(line)
        self._land(call, response)

    def _lose(self, line: Line, how: str) -> None:
        """Hang up, and say what that means for the call."""
        call = line.call
        if call is None:
            self._idle[line.way].remove(line)
            self._left(line.way)
            self._hang_up(line)
            return
        is_said = len(line.unsaid) < len(call.text)
        self._hang_up(line)
        if is_said:
            self._land(call, Ambiguous(f"the connection {how} after the request was written"))
        else:
            self._land(call, Temporary(f"the connection {how} before the request was written"))

    def _listen(self, line: Line, events: int) -> None:
        """Tell the kernel what to report; libcurl may have had this socket there already."""
        try:
            self._epoll.modify(line.fd, events)
        except FileNotFoundError:
            self._epoll.register(line.fd, events)

    def _hang_up(self, line: Line) -> None:
        """Close a line that is not among the idle ones; its handle is free for another."""
        self.open.pop(line.fd, None)
        self._dialing.pop(line.slot.easy, None)
        self._multi.remove_handle(line.slot.easy)
        line.slot.hang_up()
        self._free.append(line.slot)
