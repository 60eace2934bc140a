"""The doctor on this machine, and its answers together; single probes are in tests/unit/herzschlag/doctor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from herzschlag import doctor
from herzschlag.doctor.probe import Probe
from herzschlag.languages import speaking

ROOT = Path(__file__).parents[2]


def probe(name: str, *, ok: bool, needed: bool, fix: str = "") -> Probe:
    return Probe(name=name, ok=ok, needed=needed, purpose=f"purpose of {name}", detail=f"detail of {name}", fix=fix)


def test_every_probe_answers_and_every_missing_thing_has_a_purpose_and_a_fix() -> None:
    """Whatever this machine is, no answer may leave the reader without a next step."""
    found = doctor.probes()
    assert len({one.name for one in found}) == len(found)
    for one in found:
        assert one.detail and one.purpose, one
        assert bool(one.fix) != one.ok, one


def test_only_needed_things_keep_a_machine_from_labs() -> None:
    found = [probe("a", ok=True, needed=True), probe("b", ok=False, needed=False, fix="get b")]
    assert doctor.missing(found) == []
    assert doctor.as_text(found).endswith("Labs on real packets run here.")
    found.append(probe("c", ok=False, needed=True, fix="get c"))
    assert [one.name for one in doctor.missing(found)] == ["c"]
    text = doctor.as_text(found)
    assert "MISSING  c  detail of c" in text
    assert "for: purpose of c" in text
    assert "fix: get c" in text
    assert "No labs on real packets here: c missing." in text
    assert text.startswith("ok       1 of 3: a\n") and "detail of a" not in text
    assert "ok       a  detail of a" in doctor.as_text(found, verbose=True)


def test_the_document_says_everything_the_text_says() -> None:
    document = json.loads(doctor.as_json([probe("c", ok=False, needed=True, fix="get c")]))
    assert document["labs"] is False
    assert document["probes"] == [
        {
            "name": "c",
            "ok": False,
            "needed": True,
            "purpose": "purpose of c",
            "detail": "detail of c",
            "fix": "get c",
        }
    ]


def test_it_runs_where_nothing_is_installed() -> None:
    """The one tool that must work before set-up: bare interpreter, no site packages, an empty PATH."""
    answer = subprocess.run(
        [sys.executable, "-S", "-m", "herzschlag.doctor", "--json"],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 4, answer.stderr
    found = {one["name"]: one for one in json.loads(answer.stdout)["probes"]}
    assert not found["msgspec"]["ok"]
    assert "msgspec" in found["controller framework"]["fix"]


def test_it_speaks_german_and_its_document_english() -> None:
    found = [
        probe("own root", ok=True, needed=True),
        probe("sch_netem", ok=False, needed=False, fix="run it as root"),
    ]
    english = doctor.as_json(found)
    with speaking("de"):
        text = doctor.as_text(found)
        assert doctor.as_json(found) == english
    assert text.startswith("ok       1 von 2: eigene Wurzel\nfehlt    sch_netem")
    assert "Abhilfe: starten Sie es als root" in text
    assert text.endswith("Labore mit echten Paketen laufen auf diesem Rechner.")
