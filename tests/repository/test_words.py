"""Plain English: phrases that a reader has to read twice are refused, each with its plain alternative.

CONTRIBUTING.md holds the same list. A phrase is found across a line break as well.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BANNED = {
    r"(?<!here\s)\b(is|are|was|were) no (?!(longer|one)\b)\w": "is not a ...",
    r"\b[Ss]tands?\b(?!-| still)": "is, appears, holds, means",
    r"\bover there\b": "on the remote machine",
    r"\b([Ww]hoever|[Nn]obody|[Ss]omebody)\b": "name the actor: the caller, no host, a user",
    r"\bso (long|often)\b(?! as\b)": "for, every",
    r"\blives? on\b": "needs, keeps running",
    r"\bbears?\b": "can handle",
    r"\bwhat there is\b": "everything so far",
    r"\btold of\b": "reported",
    r"\b(is|are) had\b|\bhad here\b": "is available",
    r"\bhow-?manyeth\b|\bso manyeth\b": "number",
    r"(?<=[.:;]\s)(Decides|Leaves)\b|^(Decides|Leaves)\b": "This module decides, It leaves",
}
"""Phrase (a blank also matches a line break) to its plain alternative."""

NOT_PROSE = (
    "LICENSE",
    "requirements.lock",
    "docs/cases.json",  # recorded results
    "docs/vm-check.json",
    "docs/distro-check.json",
    "docs/pictures/",
    "docs/lesson/de/",  # German
    "herzschlag/lesson/chapters/",  # German and English; the pages made of the English half are checked
    "herzschlag/languages/de/",  # German
    "docs/lesson/statements.toml",  # German and English; the page made of the English half is checked
    "tests/transcripts/",  # recorded conversations
    "tests/repository/test_words.py",
)

VOICE = "a checker's reason: findings, documents and tests quote it"
FREE = "the name of a lock's holder in records, where there is none"
EXCEPTIONS = {
    "agents/ha/roles/isolation_response.py": {"nobody could restart it": VOICE},
    "agents/ha/vms/component_protection.py": {"nobody can say": VOICE},
    "agents/hypervisor/locks.py": {"or 'nobody'": FREE},
    "tests/planted/agents.py": {"nobody": VOICE},
    "tests/planted/isolation.py": {'"somebody"': "what a broken agent says", "nobody": VOICE},
    "tests/planted/storage.py": {'"somebody"': "what a broken agent says", "nobody": VOICE},
    "tests/remote/test_wheel.py": {"nobody@localhost": "the user of that name"},
    "CONTRIBUTING.md": {'- "': "the list of these phrases"},
    "herzschlag/doctor/machine.py": {"`nobody`": "the user of that name"},
    "herzschlag/languages/texts/agents.py": {"nobody": VOICE},
    "herzschlag/languages/texts/checkers.py": {"nobody": VOICE},
    "herzschlag/checkers/rules/fault_in_effect.py": {'"nobody counted the packets': VOICE},
    "herzschlag/checkers/rules/isolation_justified.py": {'"nobody and nothing was in reach"': VOICE},
    "herzschlag/checkers/rules/list_owners.py": {'"nobody ever locked a protectedlist"': VOICE},
    "herzschlag/checkers/rules/one_master.py": {'or "nobody"': VOICE},
    "herzschlag/checkers/rules/response_owned.py": {"while nobody owned": VOICE},
    "herzschlag/checkers/rules/untouched.py": {'"nobody said why"': VOICE},
}
"""File to a part of the line that may stay as it is, with the reason."""

_BREAK = r"(?:[ \t]|[ \t]*\n[ \t]*(?:(?:#|//|--)[ \t]*)?)"
_RULES = [(re.compile(phrase.replace(" ", _BREAK), re.M), plain) for phrase, plain in BANNED.items()]


def found(text: str) -> Iterator[tuple[int, str, str]]:
    """(number of the line, the phrase, the plain alternative) of every banned phrase."""
    for rule, plain in _RULES:
        for match in rule.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, " ".join(match.group().split()), plain


def prose() -> dict[str, str]:
    """Every tracked text file in which people read, with its text."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    texts = {}
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if not name or name.startswith(NOT_PROSE) or path.is_symlink() or not path.is_file():
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
    return texts


def excused(name: str, line: str) -> bool:
    return any(part in line for part in EXCEPTIONS.get(name, {}))


def test_texts_are_in_plain_english() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: the files of the project are not known")
    wrong = []
    for name, text in prose().items():
        lines = text.split("\n")
        for number, phrase, plain in found(text):
            if not excused(name, lines[number - 1]):
                wrong.append(f"{name}:{number}: {phrase!r}: write instead: {plain}")
    assert not wrong, "\n".join(wrong)


def test_every_exception_is_still_needed() -> None:
    for name, parts in EXCEPTIONS.items():
        lines = (ROOT / name).read_text(encoding="utf-8").split("\n")
        hits = [lines[number - 1] for number, _, _ in found("\n".join(lines))]
        for part in parts:
            assert any(part in line for line in hits), f"{name}: nothing is excused by {part!r}: remove the exception"


@pytest.mark.parametrize(
    "text",
    [
        "X is no host",
        "these are no\n    # hosts",
        "it stands in the file",
        "runs over\n    there",
        "Whoever asks",
        "nobody reads it",
        "somebody may set it",
        "So that it waits so long",
        "the records that a checker lives on",
        "more than a processor bears",
        "X holds what there is",
        "nobody is told of it",
        "xterm is not had here",
        "the how-manyeth of that life",
        "Decides which links are cut.",
        "It is pure. Leaves sending to others.",
    ],
)
def test_a_banned_phrase_is_found(text: str) -> None:
    assert list(found(text))


@pytest.mark.parametrize(
    "text",
    [
        "there is no host",
        "it is no longer master",
        "a vCenter stand-in",
        "as long as it lasts",
        "so long as the host is heard",
        "one standard, two bearings",
        "This module decides which links are cut. It leaves sending to others.",
    ],
)
def test_plain_text_passes(text: str) -> None:
    assert not list(found(text))
