"""`herzschlag run` in German and English: what people read differs, what programs read does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "herzschlag", "run", "slave-failure", "--backend", "simulation"]


def told(out: Path, *arguments: str, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    command = [*COMMAND, "--out", str(out), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=clean | environment)
    return done.stdout


@pytest.mark.parametrize(("arguments", "environment"), [(["--lang", "de"], {}), ([], {"LANG": "de_DE.UTF-8"})])
def test_the_terminal_is_german(tmp_path: Path, arguments: list[str], environment: dict[str, str]) -> None:
    said = told(tmp_path, *arguments, **environment)
    assert "Ein Slave verliert den Strom: nach 18 s für ausgefallen erklärt" in said
    assert "dokumentiert" in said and "Prüfungen halten" in said and "virtuelle Zeit" in said
    assert "18,00" in said and "Slave unerreichbar" in said


def test_the_files_of_a_run_are_the_same_in_every_language(tmp_path: Path) -> None:
    """A record in German could not be compared, nor be read by anything that looks for its words."""
    assert "A slave loses power" in told(tmp_path / "en")
    told(tmp_path / "de", "--lang", "de")
    (english,), (german,) = (list((tmp_path / name).glob("2*/slave-failure")) for name in ("en", "de"))
    assert (english / "history.jsonl").read_bytes() == (german / "history.jsonl").read_bytes()
    kept = [json.loads((directory / "run.json").read_text(encoding="utf-8")) for directory in (english, german)]
    assert kept[0]["findings"] == kept[1]["findings"] and kept[0]["because"] == kept[1]["because"]
    assert '<html lang="de"' in (german / "report.html").read_text(encoding="utf-8")
