"""A real IMAP server on loopback, as small as one mailbox needs (RFC 3501), over TLS or without."""

from __future__ import annotations

import contextlib
import re
import socketserver
import ssl
import threading

CONTENT_TYPE = re.compile(rb"(?im)^content-type:[^\n]*(?:\n[ \t][^\n]*)*")


class ImapServer(socketserver.ThreadingTCPServer):
    """One mailbox. letters: by number. commands: all that it heard, without what follows LOGIN.

    found: what it answers to a search instead of the truth.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, certificate=None, *, starts=False, login=("bounce", "geheim")) -> None:
        super().__init__(("127.0.0.1", 0), Line)
        self.login, self.validity, self.next = login, 7, 1
        self.letters: dict[int, bytes] = {}
        self.commands: list[str] = []
        self.found = ""
        self.context, self.starts = None, starts
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def arrive(self, letter: bytes) -> None:
        self.letters[self.next] = letter.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self.next += 1

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class Line(socketserver.StreamRequestHandler):
    """One client."""

    server: ImapServer

    def setup(self) -> None:
        if self.server.context and not self.server.starts:
            with contextlib.suppress(OSError):  # a client that does not trust us
                self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.say("* OK ready")
            while raw := self.rfile.readline():  # not a loop over it: STARTTLS changes it
                tag, name, rest = [*raw.decode().strip().split(" ", 2), "", ""][:3]
                self.server.commands.append(f"{name} {'' if name == 'LOGIN' else rest}".strip())
                getattr(self, f"do_{name.lower()}")(tag, rest)
                if name == "LOGOUT":
                    return

    def finish(self) -> None:
        super().finish()
        self.request.close()  # TLS has taken the socket over

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def do_capability(self, tag, rest) -> None:
        self.say("* CAPABILITY IMAP4rev1" + " STARTTLS" * self.server.starts)
        self.say(f"{tag} OK done")

    def do_starttls(self, tag, rest) -> None:
        self.say(f"{tag} OK begin")
        assert self.server.context is not None
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.server.starts = False
        super().setup()

    def do_login(self, tag, rest) -> None:
        user, password = (word.strip('"') for word in rest.split(" "))
        is_right = (user, password) == self.server.login
        self.say(f"{tag} OK in" if is_right else f"{tag} NO [AUTHENTICATIONFAILED] no")

    def do_examine(self, tag, rest) -> None:
        self.say(f"* {len(self.server.letters)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.server.validity}] valid")
        self.say(f"* OK [UIDNEXT {self.server.next}] next")
        self.say(f"{tag} OK [READ-ONLY] done")

    def do_uid(self, tag, rest) -> None:
        word, rest = rest.split(" ", 1)
        getattr(self, f"uid_{word.lower()}")(rest)
        self.say(f"{tag} OK done")

    def uid_search(self, rest) -> None:
        found = sorted(self.server.letters)
        if rest.startswith("UID "):
            first = int(rest.removeprefix("UID ").partition(":")[0])
            found = [uid for uid in found if uid >= first] or found[-1:]  # n:* is never empty
        self.say("* SEARCH " + (self.server.found or " ".join(map(str, found))))

    def uid_fetch(self, rest) -> None:
        uids, wanted = rest.split(" ", 1)
        for uid in map(int, uids.split(",")):
            letter = self.server.letters[uid]
            name = "BODY[]<0>"
            if "HEADER.FIELDS" in wanted:
                head = CONTENT_TYPE.search(letter.partition(b"\r\n\r\n")[0])
                letter = (head[0] if head else b"") + b"\r\n\r\n"
                name = "BODY[HEADER.FIELDS (CONTENT-TYPE)]"
            self.say(f"* {uid} FETCH (UID {uid} {name} {{{len(letter)}}}")
            self.wfile.write(letter)
            self.say(")")

    def do_logout(self, tag, rest) -> None:
        self.say("* BYE")
        self.say(f"{tag} OK done")
