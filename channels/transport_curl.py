"""Many calls at once through libcurl's multi interface: the fast transport.

A plain call leaves over a line of our own (channels.lines); for all others libcurl speaks:
1. `submit` takes a free slot (an easy handle), sets the request on it, gives it to the multi.
2. libcurl names the sockets and the timer it waits for; `poll` waits for both in one epoll.
3. OPENSOCKETFUNCTION refuses addresses before the first packet; PREREQFUNCTION refuses a kept
   connection that a trusted request had opened.
4. `poll` reads what finished, tells an answer from a failure before or after the first byte
   written, and frees the slot.
"""

from __future__ import annotations

import contextlib
import os
import select
import time

import pycurl

from channels.calls import host_of, log_call, time_allowed
from channels.curl_slot import CurlSlot
from channels.errors import DeliveryError, NotStarted, Permanent
from channels.guard import AddressGuard
from channels.http1 import Target, written
from channels.lines import Call, Lines, plain_target
from channels.request import HttpRequest, HttpResponse

Result = tuple[int, HttpResponse | DeliveryError]

EVENTS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
READABLE = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR
WRITABLE = select.EPOLLOUT | select.EPOLLHUP | select.EPOLLERR


class CurlTransport:
    """Transport over one CurlMulti; see channels.transport.Transport."""

    def __init__(self, slots: int, guard: AddressGuard) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, slots)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._slots = {slot.easy: slot for slot in (CurlSlot(guard) for _ in range(slots))}
        self._free = list(self._slots.values())
        self._done: list[Result] = []
        self._timer_at: float | None = None
        self._epoll = select.epoll()
        self._wanted: dict[int, int] = {}  # socket -> events that libcurl waits for
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._epoll.register(self._wake_read, select.EPOLLIN)
        self._guard = guard
        self._lines = Lines(self._multi, self._epoll, self._free, self._land)
        self._is_woken = False

    @property
    def free(self) -> int:
        return len(self._free) + self._lines.idle_count

    def submit(self, key: int, request: HttpRequest, lease_end: float) -> None:
        try:
            self._start(key, request, lease_end)
        except DeliveryError as error:
            log_call(request.method, request.url, error, 0.0)
            self._done.append((key, error))

    def poll(self, timeout_s: float) -> list[Result]:
        deadline = time.monotonic() + timeout_s
        self._advance(0.0)
        while not self._done and not self._is_woken:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._advance(left)
        self._is_woken = False
        done, self._done = self._done, []
        return done

    def wake(self) -> None:
        os.write(self._wake_write, b"w")

    def close(self) -> None:
        self._lines.close()
        for slot in self._slots.values():
            if slot not in self._free:
                self._multi.remove_handle(slot.easy)
            slot.close()
        self._multi.close()
        self._epoll.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _start(self, key: int, request: HttpRequest, lease_end: float) -> None:
        now = time.monotonic()
        timeout_s = time_allowed(request.timeout_s, lease_end=lease_end, now=now)
        host = host_of(request.url)
        if not self.free:
            raise NotStarted("no free slot")
        self._look(0.0)  # a line that its provider has closed meanwhile must not be spoken on
        try:
            if (target := plain_target(request)) is not None:
                text = written(request, target)
                call = Call(key, request.method, request.url, text, now, now + timeout_s)
                self._say(call, request, target, host)
            else:
                self._give(key, request, host, timeout_s, now)
        except (pycurl.error, UnicodeError, ValueError) as error:
            raise Permanent("the request cannot be written") from error

    def _say(self, call: Call, request: HttpRequest, target: Target, host: str) -> None:
        """Say it on a line, on a new one where none is idle."""
        is_trusted = request.trusted or self._guard.trusts(host)
        way = (target.origin, request.ca_file, is_trusted)
        if self._lines.begin(way, call):
            return
        slot = self._slot()
        try:
            slot.dial(request, origin=target.origin, host=host, timeout_s=call.allowed_s)
        except (pycurl.error, ValueError):
            self._free.append(slot)
            raise
        self._lines.dial(slot, way, call)

    def _give(
        self, key: int, request: HttpRequest, host: str, timeout_s: float, now: float
    ) -> None:
        """Give the whole call to libcurl."""
        slot = self._slot()
        try:
            slot.load(key, request, host=host, timeout_s=timeout_s, now=now)
        except (pycurl.error, UnicodeError, ValueError, DeliveryError):
            self._free.append(slot)
            raise
        self._multi.add_handle(slot.easy)

    def _slot(self) -> CurlSlot:
        if not self._free:
            self._lines.give_one_up()
        return self._free.pop()

    def _advance(self, wait_s: float) -> None:
        """Move all transfers on, once; note whether another thread woke us."""
        now = time.monotonic()
        if self._timer_at is not None:
            wait_s = min(wait_s, max(0.0, self._timer_at - now))
        self._look(min(wait_s, self._lines.patience_s(now)))
        now = time.monotonic()
        if self._timer_at is not None and now >= self._timer_at:
            self._timer_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()
        self._lines.end_overdue(now)

    def _look(self, wait_s: float) -> None:
        """Wait for sockets, and pass on what happened to them."""
        for fd, events in self._epoll.poll(wait_s):
            if fd in self._lines.open:
                self._lines.on_event(fd, events)
            elif fd in self._wanted:
                self._multi.socket_action(fd, _action(events))
            elif fd == self._wake_read:
                self._is_woken = bool(os.read(self._wake_read, 4096))
            else:  # an idle connection that its provider closes; libcurl may have been faster
                with contextlib.suppress(OSError):
                    self._epoll.unregister(fd)

    def _collect(self) -> None:
        waiting = 1
        while waiting:
            waiting, answered, failed = self._multi.info_read()
            for easy in answered:
                self._finish(easy, 0)
            for easy, code, _ in failed:
                self._finish(easy, code)

    def _finish(self, easy: pycurl.Curl, code: int) -> None:
        if self._lines.is_dialing(easy):
            self._lines.dialed(easy, code)
            return
        slot = self._slots[easy]
        self._multi.remove_handle(easy)
        result = slot.result(code)
        log_call(slot.method, slot.url, result, time.monotonic() - slot.started_at)
        self._done.append((slot.key, result))
        slot.unload()
        self._free.append(slot)

    def _land(self, call: Call, result: HttpResponse | DeliveryError) -> None:
        """Take what became of a call on a line."""
        log_call(call.method, call.url, result, time.monotonic() - call.began_at)
        self._done.append((call.key, result))

    def _watch(self, what: int, fd: int, _multi: object, _data: object) -> None:
        """Note what libcurl waits for.

        A kept connection stays in epoll while it is idle: it is asked for again in a moment.
        Whether it is still the same socket only the kernel knows: it forgets closed ones.
        """
        if what == pycurl.POLL_REMOVE:
            self._wanted.pop(fd, None)
            return
        events = EVENTS[what]
        if self._wanted.get(fd) == events:
            return
        self._wanted[fd] = events
        try:
            self._epoll.modify(fd, events)
        except FileNotFoundError:
            self._epoll.register(fd, events)

    def _set_timer(self, timeout_ms: int) -> None:
        self._timer_at = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000


def _action(events: int) -> int:
    """Say in libcurl's words what a socket is ready for."""
    action = 0
    if events & READABLE:
        action |= pycurl.CSELECT_IN
    if events & WRITABLE:
        action |= pycurl.CSELECT_OUT
    return action
