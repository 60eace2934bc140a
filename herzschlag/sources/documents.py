"""Reads documents.toml, and finds in a source text which documents and which sections of docs/sources.md it names.

A source text is what an expectation gives as its source: "1.1 [DD-R] figure 18", "section 11, case 7 [DD-S]", or
words of one's own. Nothing here knows how a page is made.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

_TABLE = Path(__file__).with_name("documents.toml")
_KEY = re.compile(r"\[([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*)\]")
_SECTION = re.compile(r"(?:^|(?<=; )|(?<=, )|(?<=section ))(\d{1,2}(?:\.\d)?)(?=$|[ ,:;\]])")


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One document, as docs/sources.md lists it."""

    title: str
    author: str
    year: str
    """Of publication, or the release that it describes, or `no date`."""
    address: str
    says: str
    """What the project takes from it."""
    excerpt: bool = False
    """Only the beginning of the page could be read."""

    def line(self) -> str:
        """Title, author, year and what it says, on one line."""
        return f"{self.title}. {self.author}, {self.year}: {self.says}"


class Piece(msgspec.Struct, frozen=True):
    """A piece of a source text: plain text, or one that names a document or a section."""

    text: str
    key: str = ""
    section: str = ""


@cache
def documents() -> dict[str, Document]:
    """Key to document, in the order of the table."""
    return msgspec.convert(tomllib.loads(_TABLE.read_text(encoding="utf-8")), dict[str, Document])


def pieces(text: str) -> Iterator[Piece]:
    """The source text, cut where it names known documents and sections; joined again it is the source text."""
    named = [(m.start(), m.end(), Piece(m[0], key=m[1])) for m in _KEY.finditer(text) if m[1] in documents()]
    named += [(m.start(1), m.end(1), Piece(m[1], section=m[1])) for m in _SECTION.finditer(text)]
    begin = 0
    for start, end, piece in sorted(named, key=lambda each: each[0]):
        if start > begin:
            yield Piece(text[begin:start])
        yield piece
        begin = end
    if begin < len(text):
        yield Piece(text[begin:])


def unknown_keys(text: str) -> list[str]:
    """Keys in brackets that name no document."""
    return [key for key in _KEY.findall(text) if key not in documents()]


def anchor(piece: Piece) -> str:
    """The name of the piece's place in docs/sources.md; empty for plain text."""
    return piece.key.lower() if piece.key else f"s{piece.section}" if piece.section else ""


def linked(text: str, page: str = "sources.md") -> str:
    """The source text in Markdown, every document and section a link into that page."""
    return "".join(f"[{_escaped(p.text)}]({page}#{anchor(p)})" if anchor(p) else p.text for p in pieces(text))


def _escaped(text: str) -> str:
    return text.replace("[", r"\[").replace("]", r"\]")
