"""The doctor's answers: what it sees on a healthy machine, and what it says when something is planted missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from herzschlag import doctor
from herzschlag.controller import frameworks
from herzschlag.doctor import Probe
from herzschlag.topo import environment

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


def test_what_a_session_of_tests_asks_first_is_what_every_lab_needs() -> None:
    """Without what only looks at Python, which has come so far already."""
    quick = {one().name for one in doctor.quick_battery()}
    assert {one.name for one in doctor.probes() if one.needed} - quick == {"Python", "package name"}


def test_a_missing_program_is_told_with_the_package_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "program", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    one = doctor.program_probe("mnexec", "mininet", "enters the nodes' namespaces", needed=True)
    assert (one.ok, one.detail) == (False, "not found")
    assert one.fix == "sudo apt-get install --no-install-recommends mininet"


def test_root_is_not_told_to_use_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert doctor.by_apt("mininet", "nftables") == "apt-get install --no-install-recommends mininet nftables"


def test_a_missing_python_package_is_told_with_the_interpreter_it_is_missing_from() -> None:
    one = doctor.library_probe("no-such-distribution", "no_such_module", "no-such-distribution>=1", "nothing")
    assert (one.ok, one.detail) == (False, "not installed")
    assert one.fix == f"{sys.executable} -m pip install 'no-such-distribution>=1'"


def test_one_framework_suffices_and_none_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frameworks, "installed", lambda: (frameworks.Framework("os-ken", "os_ken", "4.2.2"),))
    monkeypatch.delenv(frameworks.VARIABLE, raising=False)
    assert doctor.controller_framework().detail.startswith("os-ken 4.2.2 serves")
    monkeypatch.setattr(frameworks, "installed", tuple)
    assert not doctor.controller_framework().ok
    assert "os-ken" in doctor.controller_framework().fix


def test_a_second_owner_of_our_name_is_named_for_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed beside ours, one of the two silently wins."""
    monkeypatch.setattr(metadata, "packages_distributions", lambda: {"herzschlag": ["herzschlag", "stranger"]})
    one = doctor.name_owners()
    assert not one.ok
    assert one.detail == "herzschlag belongs to stranger as well"
    assert one.fix.endswith("pip uninstall stranger")


def test_a_refused_trial_is_reported_in_the_words_of_the_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor, "try_command", lambda command, given=None: (1, "unshare failed: Operation not permitted")
    )
    monkeypatch.setattr(environment, "program", lambda name: f"/sbin/{name}")
    for trial in (doctor.namespaces, doctor.user_namespaces, doctor.netem, doctor.numgen):
        one = trial()
        assert not one.ok
        assert "Operation not permitted" in one.detail


def test_an_ownerless_process_of_a_lab_is_named_and_an_owned_one_is_not(tmp_path: Path) -> None:
    def plant(number: int, parent: int, *words: str) -> None:
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_bytes("\0".join([*words, ""]).encode())
        (tmp_path / str(number) / "stat").write_text(f"{number} (a ) name) S {parent} 1 1\n", encoding="utf-8")

    plant(11, 1, "python", "-m", "herzschlag.topo.sandbox.launcher", "5")
    plant(12, 11, "python", "-m", "herzschlag.backends.mininet.stage")
    plant(13, 1, "python", "-m", "http.server")
    plant(14, 1, "sleep", "-m")
    (tmp_path / "15").mkdir()  # ended while we looked
    (tmp_path / "self").mkdir()
    assert doctor.left_behind(tmp_path) == [(11, "herzschlag.topo.sandbox.launcher")]


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


def test_what_could_not_be_tried_without_namespaces_blames_no_kernel() -> None:
    refused = (1, "unshare: unshare failed: Operation not permitted")
    found = doctor.kernel_trial("x", "y", refused, "sh", "CONFIG_X")
    assert "CONFIG_X" not in found.fix and "namespaces first" in found.fix


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
