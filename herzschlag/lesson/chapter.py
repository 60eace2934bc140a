"""A chapter of the course, as a value: its scenes, the questions of each, the right answers, and what shows them.

This module decides what a chapter's file (chapters/*.toml) may say, and how a user names a chapter. Lesson mode and the
pages of docs/lesson are made of the same files. It leaves what a run really showed to `proof.py`. Seconds count from T,
as everywhere: the first fault, or without one the instant at which the cluster was ready.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from herzschlag.scenarios.expectations import Matcher
from herzschlag.wrong_input import InputError, nearest

Language = Literal["de", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "en")


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in such a file."""


class InBoth(Part, frozen=True, kw_only=True):
    """One text in both languages, with `code` and *emphasis* of Markdown."""

    de: str
    en: str

    def told(self, language: Language) -> str:
        return self.de if language == "de" else self.en


class Choice(InBoth, frozen=True, kw_only=True):
    """An answer to choose. What it claims is in the run (`shows`, each perhaps `at_s`) and what it excludes is not
    (`never`): true of the right one, false of every other that claims something."""

    right: bool = False
    shows: tuple[Matcher, ...] = ()
    never: tuple[Matcher, ...] = ()


class Packets(Part, frozen=True, kw_only=True):
    """Packets of a run: all fields that are given must fit."""

    kind: str
    source: str = ""
    destination: str = ""
    network: str = ""
    from_s: float | None = None
    until_s: float | None = None


class Question(Part, frozen=True, kw_only=True):
    """Asked before its scene, answered after it: choices, or a number."""

    ask: InBoth
    why: InBoth
    """The reason, after the right answer."""
    label: InBoth | None = None
    """Heading of the answer on the course's page."""
    page: str | InBoth = ""
    """What the course's page says after that: Markdown, with commands; not shown in lesson mode."""
    choices: tuple[Choice, ...] = ()
    number: float | None = None
    unit: str = "s"
    shows: tuple[Matcher, ...] = ()
    """Of a number in seconds: the record that comes then."""
    packets: Packets | None = None
    """Of a number of packets: which."""

    def told(self, language: Language) -> str:
        """The right answer in a few words."""
        if self.number is not None:
            return f"{self.number:g} {self.unit}".rstrip()
        return next(choice.told(language) for choice in self.choices if choice.right)


class Happened(Part, frozen=True, kw_only=True):
    """A line of what happened: the record (with `at_s`, its instant), and what it means."""

    record: Matcher
    says: InBoth


class Wire(Part, frozen=True, kw_only=True):
    """A packet of the scene to look at."""

    packet: Packets
    which: Literal["first", "last"] = "first"
    says: InBoth


class Scene(Part, frozen=True, kw_only=True):
    """From one decision to the next."""

    scenario: str
    from_s: float
    until_s: float
    before: InBoth
    """What is so now and what is about to be done; never what will come of it."""
    question: tuple[Question, ...]
    happened: tuple[Happened, ...]
    wire: tuple[Wire, ...] = ()


class Chapter(Part, frozen=True, kw_only=True):
    number: int
    name: str
    """What a user types."""
    title: InBoth
    goal: InBoth
    """The one question of the chapter."""
    scene: tuple[Scene, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for scene in self.scene for question in scene.question)


@cache
def chapters() -> tuple[Chapter, ...]:
    """All of them, by number. Raises msgspec.ValidationError for a file that is none."""
    folder = resources.files("herzschlag.lesson") / "chapters"
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    found = [msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Chapter) for file in files]
    return tuple(sorted(found, key=lambda chapter: chapter.number))


def find(wanted: str) -> Chapter:
    """By number or name. Raises InputError."""
    named = {word: chapter for chapter in chapters() for word in (str(chapter.number), chapter.name)}
    if wanted not in named:
        names = [chapter.name for chapter in chapters()]
        raise InputError(
            "CHAPTER", f"{wanted!r} is not a chapter: {nearest(wanted, names)}, or a number from 1 to {len(names)}"
        )
    return named[wanted]
