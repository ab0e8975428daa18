"""Many calls at once through libcurl's multi interface: the fast transport.

The life of a call:
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
        self._guard = guard
        self._most = slots
        self._slots: dict[pycurl.Curl, CurlSlot] = {}  # each is made when it is first wanted
        self._free: list[CurlSlot] = []
        self._done: list[Result] = []
        self._timer_at: float | None = None
        self._epoll = select.epoll()
        self._wanted: dict[int, int] = {}  # socket -> events that libcurl waits for
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._epoll.register(self._wake_read, select.EPOLLIN)

    @property
    def free(self) -> int:
        return self._most - len(self._slots) + len(self._free)

    def submit(self, key: int, request: HttpRequest, lease_end: float) -> None:
        try:
            slot = self._start(key, request, lease_end)
        except DeliveryError as error:
            log_call(request.method, request.url, error, 0.0)
            self._done.append((key, error))
            return
        self._multi.add_handle(slot.easy)

    def poll(self, timeout_s: float) -> list[Result]:
        deadline = time.monotonic() + timeout_s
        is_woken = self._advance(0.0)
        while not self._done and not is_woken:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            is_woken = self._advance(left)
        done, self._done = self._done, []
        return done

    def wake(self) -> None:
        os.write(self._wake_write, b"w")

    def close(self) -> None:
        for slot in self._slots.values():
            if slot not in self._free:
                self._multi.remove_handle(slot.easy)
            slot.close()
        self._multi.close()
        self._epoll.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _start(self, key: int, request: HttpRequest, lease_end: float) -> CurlSlot:
        now = time.monotonic()
        timeout_s = time_allowed(request.timeout_s, lease_end=lease_end, now=now)
        host = host_of(request.url)
        slot = self._slot()
        try:
            slot.load(key, request, host=host, timeout_s=timeout_s, now=now)
        except DeliveryError:
            self._free.append(slot)
            raise
        except (pycurl.error, UnicodeError, ValueError) as error:
            self._free.append(slot)
            raise Permanent("the request cannot be written") from error
        return slot

    def _slot(self) -> CurlSlot:
        if self._free:
            return self._free.pop()
        if len(self._slots) == self._most:
            raise NotStarted("no free slot")
        slot = CurlSlot(self._guard)
        self._slots[slot.easy] = slot
        return slot

    def _advance(self, wait_s: float) -> bool:
        """Move all transfers on, once; say whether another thread woke us."""
        now = time.monotonic()
        if self._timer_at is not None:
            wait_s = min(wait_s, max(0.0, self._timer_at - now))
        is_woken = False
        for fd, events in self._epoll.poll(wait_s):
            if fd in self._wanted:
                self._multi.socket_action(fd, _action(events))
            elif fd == self._wake_read:
                is_woken = bool(os.read(self._wake_read, 4096))
            else:  # an idle connection that its provider closes; libcurl may have been faster
                with contextlib.suppress(OSError):
                    self._epoll.unregister(fd)
        if self._timer_at is not None and time.monotonic() >= self._timer_at:
            self._timer_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()
        return is_woken

    def _collect(self) -> None:
        waiting = 1
        while waiting:
            waiting, answered, failed = self._multi.info_read()
            for easy in answered:
                self._finish(easy, 0)
            for easy, code, _ in failed:
                self._finish(easy, code)

    def _finish(self, easy: pycurl.Curl, code: int) -> None:
        slot = self._slots[easy]
        self._multi.remove_handle(easy)
        result = slot.result(code)
        log_call(slot.method, slot.url, result, time.monotonic() - slot.started_at)
        self._done.append((slot.key, result))
        slot.unload()
        self._free.append(slot)

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
