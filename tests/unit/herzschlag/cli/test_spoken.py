"""Help and refusals of the command line, in German and, untouched, in English."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.cli.spoken import paragraphs
from herzschlag.languages import speaking


def program() -> dict[str, Any]:
    """Every command by its name."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def told(*words: str) -> str:
    """Without frames and line breaks."""
    output = CliRunner().invoke(app, list(words), env={"COLUMNS": "200", "TERM": "dumb"}).output
    return " ".join(output.replace("│", " ").split())


def test_help_of_a_command_is_german_but_for_what_is_typed() -> None:
    with speaking("de"):
        said = told("clean", "--help")
    for text in (
        "Aufruf: herzschlag clean [OPTIONEN]",
        "--older-than ALTER",
        "Optionen",
        "Alte Verzeichnisse von Läufen entfernen.",
        "[Vorgabe: runs]",
    ):
        assert text in said
    assert "Beispiel: herzschlag clean --older-than 7d --dry-run" in said
    assert "Diese Hilfe zeigen." in said


def test_what_stands_for_a_value_is_german() -> None:
    with speaking("de"):
        said = told("run", "--help")
    for text in ("run [OPTIONEN] {Szenarien}...", "--seed <ganze Zahl>", "--speed ZAHL|auto", "<all|heartbeats|off>"):
        assert text in said


CHOICES = {"<fidelity>"}
"""Words to be typed as they are, where there is one alone."""


@pytest.mark.parametrize("command", [name for name, one in program().items() if not one.hidden])
def test_no_command_has_an_english_placeholder(command: str) -> None:
    """Types are Typer's own words: one that `TYPES` lacks would stay English."""
    with speaking("de"):
        said = told(command, "--help")
    assert "[OPTIONEN]" in said and "OPTIONS" not in said
    assert set(re.findall(r"<(?:list\[)?[a-z ]+\]?>", said)) <= CHOICES
    assert not re.search(r"NUMBER|SECONDS|LAYERS|ADDRESS|FILE|AGE|NAMES", said)


def test_the_list_of_commands_is_german() -> None:
    with speaking("de"):
        said = told("--help")
    assert "Beendete Läufe" in said and "Zwei Läufe nebeneinander zeigen" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["clean", "--kepp"], "Eine Option --kepp gibt es nicht"),
        (["cleen"], "Einen Befehl 'cleen' gibt es nicht. Meinten Sie 'clean'?"),
        (["run"], "Das Argument 'Szenarien' fehlt."),
        (["run", "normal", "--jobs", "0"], "Ungültiger Wert für '--jobs': mindestens 1"),
        (["run", "normal", "--backend", "x"], "Ungültiger Wert für '--backend': 'x' ist keines von"),
    ],
)
def test_refused_words_are_told_in_german(words: list[str], said: str) -> None:
    with speaking("de"):
        assert said in told(*words)


def test_english_is_as_it_was() -> None:
    with speaking("de"):
        told("clean", "--help")
    said = told("clean", "--help")
    for text in (
        "Usage: herzschlag clean [OPTIONS]",
        "--older-than AGE",
        "Remove old run directories.",
        "[default: runs]",
        "Show this message and exit.",
    ):
        assert text in said


def test_a_paragraph_is_one_line() -> None:
    assert paragraphs("One\n    and two.\n\n    Three.") == ["One and two.", "Three."]
