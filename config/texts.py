"""How does a .po file, which people edit, become the .mo file, which Django reads?

GNU's msgfmt is not on a bare machine, so both files are kept in the repository and this module
makes the second from the first. Format: the gettext manual, "The Format of GNU MO Files".
"""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator
from pathlib import Path

MAGIC = 0x950412DE
_LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d+)\])?\s+)?(".*")')


class BadPo(ValueError):
    """A .po file that cannot be read; the message names the line."""


def compile_file(po: Path) -> bytes:
    """Give the bytes of the .mo file that belongs to a .po file; raises BadPo."""
    return write_mo(read_po(po.read_text(encoding="utf-8")))


def read_po(text: str) -> dict[str, str]:
    """Read translated messages: id (context and plural joined in gettext's way) -> texts."""
    found: dict[str, str] = {}
    for entry in _entries(text):
        key = entry.get("msgid", "")
        texts = [entry[name] for name in sorted(entry) if name.startswith("msgstr")]
        if "msgid_plural" in entry:
            key = f"{key}\0{entry['msgid_plural']}"
        if "msgctxt" in entry:
            key = f"{entry['msgctxt']}\4{key}"
        if key in found:
            raise BadPo(f"twice: {key!r}")
        if all(texts):
            found[key] = "\0".join(texts)
    return found


def write_mo(messages: dict[str, str]) -> bytes:
    """Write messages as a .mo file, sorted, without a hash table."""
    pairs = sorted((key.encode(), text.encode()) for key, text in messages.items())
    count, head = len(pairs), 28
    ids, texts = b"", b""
    for key, text in pairs:
        ids += key + b"\0"
        texts += text + b"\0"
    start = head + 16 * count
    table = b""
    for column, offset in ((0, start), (1, start + len(ids))):
        for pair in pairs:
            table += struct.pack("<II", len(pair[column]), offset)
            offset += len(pair[column]) + 1
    header = struct.pack("<7I", MAGIC, 0, count, head, head + 8 * count, 0, start)
    return header + table + ids + texts


def _entries(text: str) -> Iterator[dict[str, str]]:
    entry: dict[str, str] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            if entry:
                yield entry
            entry, name = {}, ""
            continue
        part = _LINE.fullmatch(line)
        if part is None or not (part[1] or name):
            raise BadPo(f"line {number} is not understood: {line}")
        if part[1]:
            name = f"{part[1]}{part[2] or ''}"
            entry[name] = ""
        entry[name] += ast.literal_eval(part[3])
    if entry:
        yield entry
