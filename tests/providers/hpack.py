"""What do the compressed headers of an HTTP/2 request say (RFC 7541)?

Only what providers need: header values are printable ASCII, so the code of longer symbols is not
known here. The code is canonical: symbols of equal length follow one another.
"""

from __future__ import annotations

from collections import deque

#: Appendix B: length in bits -> the symbols that have it, in order.
SYMBOLS = {
    5: "012aceiost",
    6: " %-./3456789=A_bdfghlmnpru",
    7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: "&*,;XZ",
    10: '!"()?',
    11: "'+|",
    12: "#>",
    13: "\0$@[]~",
    14: "^}",
    15: "<`{",
}
#: Appendix A.
STATIC = (
    ":authority|,:method|GET,:method|POST,:path|/,:path|/index.html,:scheme|http,:scheme|https,"
    ":status|200,:status|204,:status|206,:status|304,:status|400,:status|404,:status|500,"
    "accept-charset|,accept-encoding|gzip; deflate,accept-language|,accept-ranges|,accept|,"
    "access-control-allow-origin|,age|,allow|,authorization|,cache-control|,content-disposition|,"
    "content-encoding|,content-language|,content-length|,content-location|,content-range|,"
    "content-type|,cookie|,date|,etag|,expect|,expires|,from|,host|,if-match|,if-modified-since|,"
    "if-none-match|,if-range|,if-unmodified-since|,last-modified|,link|,location|,max-forwards|,"
    "proxy-authenticate|,proxy-authorization|,range|,referer|,refresh|,retry-after|,server|,"
    "set-cookie|,strict-transport-security|,transfer-encoding|,user-agent|,vary|,via|,"
    "www-authenticate|"
)
TABLE = [(name, value) for name, _, value in (one.partition("|") for one in STATIC.split(","))]
TABLE_SIZE = 4096


def _codes() -> dict[tuple[int, int], str]:
    codes, code, last = {}, 0, 5
    for length, symbols in SYMBOLS.items():
        code <<= length - last
        for symbol in symbols:
            codes[length, code] = symbol
            code += 1
        last = length
    return codes


CODES = _codes()


class Decoder:
    """Reads the header blocks of one connection, in order."""

    def __init__(self) -> None:
        self._recent: deque[tuple[str, str]] = deque()
        self._block = b""
        self._at = 0

    def read(self, block: bytes) -> dict[str, str]:
        """Give the headers of one block."""
        self._block, self._at = block, 0
        headers: dict[str, str] = {}
        while self._at < len(block):
            first = block[self._at]
            if first & 0x80:
                name, value = self._entry(self._number(7))
            elif first & 0xE0 == 0x20:  # the size of the table changes
                self._number(5)
                continue
            else:
                name, value = self._literal(6 if first & 0x40 else 4)
                if first & 0x40:
                    self._keep(name, value)
            headers[name] = value
        return headers

    def _literal(self, bits: int) -> tuple[str, str]:
        index = self._number(bits)
        name = self._entry(index)[0] if index else self._text()
        return name, self._text()

    def _entry(self, index: int) -> tuple[str, str]:
        return TABLE[index - 1] if index <= len(TABLE) else self._recent[index - len(TABLE) - 1]

    def _keep(self, name: str, value: str) -> None:
        self._recent.appendleft((name, value))
        while sum(len(one) + len(other) + 32 for one, other in self._recent) > TABLE_SIZE:
            self._recent.pop()

    def _number(self, bits: int) -> int:
        most = (1 << bits) - 1
        number = self._block[self._at] & most
        self._at += 1
        shift = 0
        while number >= most:
            byte = self._block[self._at]
            self._at += 1
            number += (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        return number

    def _text(self) -> str:
        is_coded = self._block[self._at] & 0x80
        length = self._number(7)
        raw = self._block[self._at : self._at + length]
        self._at += length
        return unpacked(raw) if is_coded else raw.decode()


def unpacked(raw: bytes) -> str:
    """Read a text in Huffman's code; what is left at the end is padding."""
    text, code, length = "", 0, 0
    for byte in raw:
        for shift in range(7, -1, -1):
            code, length = code << 1 | byte >> shift & 1, length + 1
            if (symbol := CODES.get((length, code))) is not None:
                text, code, length = text + symbol, 0, 0
    return text


def packed(headers: dict[str, str]) -> bytes:
    """Write headers plainly: names and values as they are, nothing to be remembered."""
    block = b""
    for name, value in headers.items():
        block += b"\0" + _plain(name) + _plain(value)
    return block


def _plain(text: str) -> bytes:
    raw = text.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    rest = len(raw) - 127
    assert rest < 16_384, "no header of ours is so long"
    size = bytes([127, rest]) if rest < 128 else bytes([127, rest & 0x7F | 0x80, rest >> 7])
    return size + raw
