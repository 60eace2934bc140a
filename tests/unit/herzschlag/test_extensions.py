"""Extensions: entry points are found, and a broken one is named, with the way out."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from herzschlag import Cluster, ExtensionError, WrongInput, extensions, faults
from herzschlag.checkers import CHECKERS, checkers
from herzschlag.faults import KINDS, kinds
from herzschlag.faults.primitives import PowerOff
from herzschlag.live import messages
from herzschlag.scenarios.from_toml import ScenarioError, loads
from tests.support.bringing import Bring, bring, forget

__all__ = ["bring"]

GOOD = """
from typing import ClassVar
from herzschlag import faults
from herzschlag.faults import primitives

class Mine(faults.Fault, frozen=True, tag="mine"):
    '''Mine.'''
    host: str

    def primitives(self, lab):
        return [primitives.PowerOff(node=host) for host in faults.hosts_of(lab, "host", self.host)]
"""
CHECKER = """
from herzschlag import Checker, Finding

def check(history, scenario):
    {body}

MINE = Checker("mine", needs={needs}, check=check)
"""
SCENARIO = """
name = "mine"
title = "mine"
[[steps]]
at_s = 1
fault = "mine"
host = "host-98"
"""


def test_a_fault_is_known_wherever_ours_are(bring: Bring) -> None:
    bring(extensions.FAULTS, GOOD)
    assert [*kinds()] == [*KINDS, "mine"]
    (step,) = loads(SCENARIO, "text").steps
    assert faults.of_values(msgspec.to_builtins(step.fault)) == step.fault
    with Cluster.start(backend="simulation") as cluster:
        found = cluster.fault("mine", host="host-98")
        assert cluster.role("host-98") == "off"
        assert faults.primitives_of(cluster.active[found], cluster.plan.topology) == (PowerOff(node="host-98"),)
        cluster.advance(30)
        cluster.heal(found)
        cluster.advance(60)
        assert all(finding.fine for finding in cluster.findings())
        with pytest.raises(WrongInput, match="hots: unknown key"):
            cluster.fault("mine", hots="host-98")


def test_a_browser_may_begin_it(bring: Bring) -> None:
    bring(extensions.FAULTS, GOOD)
    decode = messages.command_decoder().decode
    told = decode('{"do": "begin", "fault": {"fault": "mine", "host": "host-98"}}')
    assert isinstance(told, messages.Begin) and told.fault == kinds()["mine"](host="host-98")
    ours = decode('{"do": "begin", "fault": {"fault": "freeze", "host": "host-98"}}')
    assert isinstance(ours, messages.Begin) and ours.fault == faults.Freeze(host="host-98")
    assert decode('{"do": "judge"}') == messages.Judge()


def test_one_that_is_not_installed_is_told_when_a_record_names_it() -> None:
    with pytest.raises(
        faults.FaultError, match="'mine' is a fault of a package that is not installed here: install it"
    ):
        faults.of_values({"fault": "mine"})


@pytest.mark.parametrize(
    ("code", "options", "says"),
    [
        ("import nothing_of_this_name", {}, "importing it failed: ModuleNotFoundError: No module named"),
        ("raise SystemError('bang')", {}, "importing it failed: SystemError: bang"),
        ("", {}, "importing it failed: AttributeError: module 'brought' has no attribute 'Mine'"),
        ("Mine = 3", {}, "it is 3, not a subclass of herzschlag.faults.Fault: mend the package"),
        ("class Mine: pass", {}, "it is <class 'brought.Mine'>, not a subclass of herzschlag.faults.Fault"),
        (
            GOOD,
            {"name": "yours"},
            "the fault's tag is 'mine', the entry point's name is 'yours': the two must be equal",
        ),
        (GOOD, {"name": "isolate"}, "herzschlag has one of this name itself: give it another name"),
        (GOOD.replace("host: str", "id: str"), {}, "its field 'id' is a key of every step: call it otherwise"),
    ],
)
def test_a_broken_fault_is_told_before_anything_starts(
    bring: Bring, code: str, options: dict[str, str], says: str
) -> None:
    bring(extensions.FAULTS, code, **options)
    plain = SCENARIO.partition("[[steps]]")[0]
    for start in (kinds, lambda: Cluster.start(backend="simulation"), lambda: loads(plain, "text")):
        with pytest.raises(ExtensionError) as told:
            start()
        name = options.get("name", "mine")
        assert str(told.value).startswith(f"herzschlag.faults {name} = brought:Mine, of the package bringer: {says}")
        assert str(told.value).endswith("or take it away: pip uninstall bringer (docs/extending.md)")


def test_two_packages_with_one_name_are_told(bring: Bring) -> None:
    bring(extensions.FAULTS, GOOD)
    bring(extensions.FAULTS, GOOD, target="brought_too:Mine", package="other")
    with pytest.raises(ExtensionError, match="of the package other: the package bringer brings one of this name, too"):
        kinds()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return 1 / 0", "'mine' failed: ZeroDivisionError: division by zero: mend the package"),
        ("return [3]", "'mine' comes down to 3, not a primitive: mend the package"),
        ("return None", "'mine' failed: TypeError: "),
        ("return [primitives.VmCrash(vm='x')]", "'mine' says undoable = True: a fault with a condition can be undone"),
    ],
)
def test_a_fault_that_breaks_the_rules_never_reaches_a_backend(bring: Bring, body: str, says: str) -> None:
    code = GOOD.partition("        return [")[0] + f"        {body}\n"
    bring(extensions.FAULTS, code)
    with pytest.raises(ScenarioError) as told:
        loads(SCENARIO, "text")
    assert re.match(rf"text:\d+: steps\[0\]\.fault: {re.escape(says)}", str(told.value))
    with Cluster.start(backend="simulation") as cluster, pytest.raises(faults.FaultError):
        cluster.fault("mine", host="host-98")


def judged(bring: Bring, body: str, needs: str = "()") -> tuple[str, str]:
    """Verdict and reason of a checker with this body, of a cluster to which nothing happened."""
    bring(extensions.CHECKERS, CHECKER.format(body=body, needs=needs), target="brought:MINE")
    with Cluster.start(backend="simulation") as cluster:
        cluster.advance(5)
        (found,) = [finding for finding in cluster.findings() if finding.checker == "mine"]
    return found.verdict, found.because


def test_a_checker_judges_after_ours(bring: Bring) -> None:
    verdict = judged(bring, "return Finding(checker='mine', verdict='violated', because='so')")
    assert verdict == ("violated", "so")
    assert [*checkers()] == [*CHECKERS, "mine"]
    loads("name = 'a'\ntitle = 'a'\n[[expect.allow]]\nchecker = 'mine'\nbecause = 'so'", "text")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("return None", "ValidationError: Expected `object`, got `null`"),
        ("return Finding(checker='mine', verdict='fine', because='so')", "ValidationError: Invalid enum value 'fine'"),
        ("return Finding(checker='ours', verdict='holds', because='so')", "a finding of 'ours', which is not its own"),
        (
            "return Finding(checker='mine', verdict='violated', because='so', evidence=(99999,))",
            "its evidence is record 99999, which the history does not have",
        ),
    ],
)
def test_a_broken_checker_has_found_out_nothing(bring: Bring, body: str, says: str) -> None:
    verdict, because = judged(bring, body)
    assert verdict == "unknown" and because.startswith("the checker itself failed: ") and says in because


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("MINE = 3", "it is 3, not a herzschlag.checkers.Checker"),
        (
            CHECKER.format(body="pass", needs=("rol",)),
            "it needs records of kind 'rol', which do not exist: did you mean",
        ),
        (CHECKER.format(body="pass", needs=()).replace('"mine"', '"yours"'), "the checker's name is 'yours'"),
        (
            CHECKER.format(body="pass", needs=()).replace("check=check", "check=3"),
            "its check is 3: it must be a function",
        ),
    ],
)
def test_a_checker_that_is_none_is_told_before_anything_starts(bring: Bring, code: str, says: str) -> None:
    bring(extensions.CHECKERS, code, target="brought:MINE")
    for start in (checkers, lambda: Cluster.start(backend="simulation")):
        with pytest.raises(ExtensionError) as told:
            start()
        assert says in str(told.value)


def test_the_program_and_the_plugin_say_it_in_one_line(
    bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from herzschlag.cli import main  # noqa: PLC0415 (signals are its own while it runs)

    bring(extensions.CHECKERS, "MINE = 3", target="brought:MINE")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["herzschlag", "run", "normal", "--backend", "simulation"])
    monkeypatch.setattr("herzschlag.running.interrupts.end_politely", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("herzschlag: herzschlag.checkers mine = brought:MINE, of the package bringer: it is 3")
    assert not (tmp_path / "runs").exists()


def test_without_extensions_entry_points_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    asked: list[str] = []

    def read(*, group: str) -> tuple[()]:
        asked.append(group)
        return ()

    monkeypatch.setattr("importlib.metadata.entry_points", read)
    for _ in range(3):
        kinds()
        checkers()
        extensions.names(extensions.CHECKERS)
    assert sorted(asked) == [extensions.CHECKERS, extensions.FAULTS]
    monkeypatch.undo()
    forget()
