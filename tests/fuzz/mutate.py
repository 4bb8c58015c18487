"""Input number k of a reader, a pure function of (seed, k): seeds cut, joined, flipped, and filled with nasty words."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Sequence

__all__ = ["WORDS", "mutated", "mutated_zip"]

WORDS = (
    b"nan", b"inf", b"-inf", b"1e400", b"-0.0", b"1e-400", b"9" * 30, b"9" * 400, b"-1", b"0", b"0x7fffffffffffffff",
    b"true", b"''", b'""', b"[]", b"{}", b"[[]]", b"[[[[", b"{a={a={a=1}}}", b"1979-05-27T07:32:00Z", b"1979-05-27",
    b"9999-12-31T23:59:59Z", b"0001-01-01 00:00", b"2020-02-30", b"2020-03-29 02:30", b"24:00", b"__proto__",
    b"constructor", b"__class__", b"../../x", b"/dev/zero", b"=cmd|' /C calc'!A0", b"<script>", b"\x1b[2J", b"\x00",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\r\n", b"\r", b"\n\n", b"\t", b";", b",", b"|", b'"',
    b"'", b"#", b"=", b".", b"law", b'{law="uniform",low=0,high=1}', b'{law="empirical",values=[]}', b"1_000", b"1,5",
    b"1.000,5", b"1e308", b"-1e308", b"5e-324", "\u0660\u0661".encode(), "\u202e".encode(), b"A" * 300, b"now",
)  # fmt: skip
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
MOST_LENGTH = 300_000


def mutated(seeds: Sequence[bytes], seed: int, k: int) -> bytes:
    """Bytes of input k."""
    chance = random.Random(f"{seed}/{k}")
    content = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        content = chance.choice(STEPS)(content, chance, seeds)
    return bytes(content[: max(MOST_LENGTH, 2 * max(map(len, seeds)))])


def _place(content: bytearray, chance: random.Random) -> int:
    return chance.randrange(len(content) + 1)


def _flip(content, chance, seeds):
    if content:
        at = chance.randrange(len(content))
        content[at] ^= 1 << chance.randrange(8)
    return content


def _cut(content, chance, seeds):
    at = _place(content, chance)
    del content[at : at + chance.choice((1, 3, 20, 200, 10**6))]
    return content


def _word(content, chance, seeds):
    at = _place(content, chance)
    content[at:at] = chance.choice(WORDS)
    return content


def _number(content, chance, seeds):
    """Another value where a number stands: the next one after any place, or the first."""
    found = NUMBER.search(content, _place(content, chance)) or NUMBER.search(content)
    if found:
        content[found.start() : found.end()] = chance.choice(WORDS)
    return content


def _twice(content, chance, seeds):
    """A piece, or a line, several times over."""
    lines = bytes(content).split(b"\n")
    at = chance.randrange(len(lines))
    lines[at:at] = [lines[at]] * chance.choice((1, 1, 2, 50))
    return bytearray(b"\n".join(lines))


def _swap(content, chance, seeds):
    """Two lines in the other order."""
    lines = bytes(content).split(b"\n")
    i, j = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[i], lines[j] = lines[j], lines[i]
    return bytearray(b"\n".join(lines))


def _lose(content, chance, seeds):
    """A line less."""
    lines = bytes(content).split(b"\n")
    del lines[chance.randrange(len(lines))]
    return bytearray(b"\n".join(lines))


def _cell(content, chance, seeds):
    """Another value in a cell of a line, or right of its sign of equality."""
    lines = bytes(content).split(b"\n")
    at = chance.randrange(len(lines))
    sign = chance.choice((b",", b"="))
    cells = lines[at].split(sign)
    cells[chance.randrange(len(cells))] = chance.choice(WORDS)
    lines[at] = sign.join(cells)
    return bytearray(b"\n".join(lines))


def _join(content, chance, seeds):
    other = chance.choice(seeds)
    return content[: _place(content, chance)] + bytearray(other[chance.randrange(len(other) + 1) :])


def _recode(content, chance, seeds):
    """The same text in another encoding or with other line ends."""
    way = chance.randrange(4)
    if way == 0:
        return bytearray(bytes(content).replace(b"\n", b"\r\n"))
    if way == 1:
        return bytearray(b"\xef\xbb\xbf" + content)
    if way == 2:
        return bytearray(bytes(content).decode("latin-1").encode("utf-16"))
    return bytearray(bytes(content).replace(b",", b";"))


STEPS = (_flip, _cut, _word, _word, _number, _number, _number, _cell, _cell, _twice, _swap, _lose, _join, _recode)


def mutated_zip(content: bytes, seed: int, k: int) -> bytes:
    """A workbook with one of its parts changed; one time in five the packed bytes themselves."""
    chance = random.Random(f"{seed}/{k}")
    if chance.random() < 0.2:
        return mutated([content], seed, k)
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        parts = {part.filename: old.read(part) for part in old.infolist()}
    name = chance.choice(list(parts))
    parts[name] = mutated([parts[name]], seed, k)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as new:
        for other, text in parts.items():
            new.writestr(other, text)
    return stream.getvalue()
