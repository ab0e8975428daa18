"""The commands that a page shows: find them, and run them as a reader would."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.api_client import Api
from tests.commands import ROOT, said

HOST = "http://127.0.0.1:8000"
MANAGE = [".venv/bin/python", "manage.py"]


def commands(page: Path) -> Iterator[list[str]]:
    """Give the words of each command in the shell blocks of a page, in order."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
        command = ""
        for line in block.splitlines():
            command += f"{line}\n"
            if not line.endswith("\\") and (words := _words(command)) is not None:
                if words:
                    yield words
                command = ""


def _words(command: str) -> list[str] | None:
    """Split it as a shell does; None while a quotation goes on."""
    try:
        return shlex.split(command.replace("\\\n", " "), comments=True)
    except ValueError:
        return None


class Reader:
    """Somebody who copies what a page shows. names: what stands there -> what it is here."""

    def __init__(self, api: Api, folder: Path, names: Mapping[str, str]) -> None:
        self.api, self.folder, self.names = api, folder, names

    def run(self, words: list[str]) -> Any:
        """Give a call's answer, or what a command printed; one that fails fails the test."""
        if words[0] == "curl":
            return self.curl(words[1:])
        assert words[:2] == MANAGE, f"nobody knows how to run {words[0]}"
        given = [self.names.get(word, word) for word in words[2:]]
        target = given.index(">") if ">" in given else len(given)
        done = said(*(self._place(word) for word in given[:target]))
        assert done.returncode == 0, done.stderr
        if target < len(given):
            (self.folder / given[target + 1]).write_text(done.stdout)
        return done.stdout

    def curl(self, words: list[str]) -> Any:
        """Call as curl would; an option or a header that nobody knows fails."""
        method, path, body, rest = "", "", None, iter(words)
        for word in rest:
            match word:
                case "-s":
                    pass
                case "-X":
                    method = next(rest)
                case "-H":
                    header = next(rest)
                    assert header.startswith(("Authorization: ApiKey $key", "Content-Type: app"))
                case "-d":
                    body = json.loads(next(rest))
                case _:
                    assert word.startswith(HOST)
                    path = word.removeprefix(HOST)
        answer = self.api.call(method or ("POST" if body else "GET"), path, body)
        assert answer.status_code < 300, answer.content
        return answer.json()

    def _place(self, word: str) -> str:
        """Let files lie in the reader's folder."""
        return str(self.folder / word) if word.endswith(".yaml") else word


def pages() -> list[Path]:
    """List every page that shows something to a reader."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
