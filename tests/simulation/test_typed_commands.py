"""The prompt in virtual time: every command, and wrong input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from herzschlag.cli.app import app
from herzschlag.cluster import Cluster, Setup
from herzschlag.faults import KINDS, Storage
from herzschlag.history.fault_words import in_words
from herzschlag.scenarios.from_toml import load_family
from herzschlag.shell import Shell
from herzschlag.shell.commands import NAMES, help_of
from herzschlag.shell.words import fault_of


class Typed:
    """A shell on one simulated cluster, whatever is typed."""

    def __init__(self) -> None:
        self.cluster = Cluster.start(Setup(vms_per_host=1), backend="simulation")

    def lines(self, *lines: str) -> tuple[int, str]:
        out = io.StringIO()
        (scenario,) = load_family("isolation")
        shell = Shell(self.cluster, scenario, stdin=io.StringIO("\n".join(lines)), stdout=out)
        return shell.run(), out.getvalue()


@pytest.fixture
def typed() -> Typed:
    return Typed()


def test_a_host_loses_its_power_and_its_vm_moves(typed: Typed) -> None:
    status, text = typed.lines("states", "poweroff host-98", "advance 60", "states", "poweron host-98", "judge")
    assert status == 0
    before, _, after = text.partition("host-98 has no power")
    assert "host-98   slave          connectedToMaster" in before
    assert "host-98   off            hostDown" in after
    assert typed.cluster.where("vm-98-1") in (["host-99"], ["host-100"])
    assert "verdict: holds" in after


def test_faults_come_and_go_by_their_short_words(typed: Typed) -> None:
    status, text = typed.lines(
        "cut host-98 host-99 A", "cut host-98 B", "freeze host-100", "link gateway sA down", "states"
    )
    assert status == 0
    told = [fault.describe() for fault in typed.cluster.active.values()]
    assert told == [
        "cut-pair a=host-98 b=host-99 networks=A",
        "isolate host=host-98 networks=B",
        "freeze host=host-100",
        "isolate host=gateway networks=A manner=host-carrier",
    ]
    assert all(in_words(fault) in text for fault in typed.cluster.active.values())
    assert typed.lines("thaw host-100", "link gateway sA up", "heal cut-pair", "heal 2", "heal")[0] == 0
    assert typed.cluster.active == {}


def test_any_fault_can_be_typed(typed: Typed) -> None:
    status, _ = typed.lines(
        "fault storage host=host-98,host-99 datastore=vmfs-1 access=apd",
        "fault split groups=host-98/host-99,host-100",
        "fault cut links=A:host-98:host-99",
        "fault impair src=host-98 dst=host-99 loss=0.5",
        "fault reconfigure options=host_monitoring:false",
        "fault vm-crash vm=vm-98-1",
        "fault switch-reboot networks=A off_s=1 dark_s=1",
    )
    assert status == 0
    kinds = [fault.describe().split()[0] for fault in typed.cluster.active.values()]
    assert kinds == ["storage", "split", "cut", "impair", "reconfigure"]
    assert fault_of("storage", ["host=a,b", "access=pdl"]) == Storage(host=("a", "b"), access="pdl")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("stetes", "did you mean 'states'?"),
        ("cut host-98", "cut NODE NODE [NETWORK]"),
        ("cut host-98 host-97", "did you mean 'host-9"),
        ("fault isolat host=host-98", "did you mean 'isolate'?"),
        ("fault isolate hots=host-98", "did you mean 'host'?"),
        ("fault isolate", "required field `host`"),
        ("fault storage host=host-98 access=gone", "fault storage host=... access=..."),
        ("fault vm-crash vm=vm-7", "is not a VM of this cluster"),
        ("heal 7", "none is active"),
        ("poweron host-98", "no power-off of 'host-98' is active"),
        ("advance soon", "is not a number of seconds"),
        ("timeline all", "is not a count"),
        ("save", "save FILE"),
        ("source /none/there", "No such file"),
        ("capture", "needs real packets"),
        ("host-98 ping -c1 host-99", "needs real packets"),
        ("pingall", "needs real packets"),
        ("help nonsense", "no help on 'nonsense'"),
        ("cut 'host-98", "No closing quotation"),
    ],
)
def test_wrong_words_say_the_way_out_and_end_a_script(typed: Typed, line: str, says: str) -> None:
    """A script must not go on as if it had been done; a typo must not cost a person the lab."""
    status, text = typed.lines("advance 1", line, "advance 1000")
    assert status == 2
    assert says in text.splitlines()[-1]
    assert typed.cluster.active == {}
    assert typed.cluster.now_s < 10
    assert typed.lines("states")[0] == 0


def test_the_steps_of_a_scenario_are_played_when_asked_for(typed: Typed) -> None:
    assert typed.lines("advance 5")[0] == 0
    assert typed.cluster.active == {}
    status, text = typed.lines("step", "states")
    assert status == 0
    assert "host-98 is cut off from everyone" in text
    assert typed.cluster.role("host-98") == "slave"
    fresh = Typed()
    assert fresh.lines("play")[0] == 0
    assert any(item.kind == "role" and item.get("to") == "isolated" for item in fresh.cluster.records)


def test_what_was_done_is_saved_and_replays_with_the_same_verdict(typed: Typed, tmp_path: Path) -> None:
    path = tmp_path / "again.toml"
    assert typed.lines("advance 3", "isolate host-98", "advance 70", "heal", "advance 20", f"save {path}")[0] == 0
    done = CliRunner().invoke(app, ["run", str(path), "--backend", "simulation", "--out", str(tmp_path), "--no-report"])
    assert done.exit_code == 0, done.output
    assert [(s.fault, s.for_s) for s in load_family(str(path))[0].steps] == [
        (step.fault, step.for_s) for step in typed.cluster.scenario().steps
    ]


def test_judging_twice_counts_the_evidence_once(typed: Typed) -> None:
    """Otherwise every disk would seem to have been written twice as often."""
    first = typed.lines("advance 5", "judge")
    typed.lines("poweroff host-99", "advance 60", "judge", "poweron host-99", "advance 60")
    assert (first[0], typed.lines("judge")[0]) == (0, 0)
    typed.cluster.finish()
    disks = [(r.get("vm"), r.get("host"), r.get("life")) for r in typed.cluster.history() if r.kind == "disk"]
    assert len(disks) == len(set(disks)) == 4


def test_help_has_an_example_of_everything(typed: Typed) -> None:
    status, text = typed.lines("help", *(f"help {name}" for name in NAMES), *(f"help {kind}" for kind in KINDS))
    assert status == 0
    assert all(f"  {name}" in text for name in NAMES)
    for name in NAMES:
        usage, about, *example = help_of(name).splitlines()
        assert usage.startswith(name) and about.endswith("."), name
        assert example[0].startswith(f"Example: {name}"), name


def test_examples_of_help_can_be_typed() -> None:
    for name in NAMES:
        if name in ("capture", "save"):
            continue  # packets, a file
        before = {"poweron": "poweroff host-98", "thaw": "freeze host-98", "heal": "poweroff host-98"}.get(name, "")
        status, text = Typed().lines(before, help_of(name).splitlines()[2].removeprefix("Example: "))
        assert status == 0, text


def test_completion_offers_what_may_come_next(typed: Typed) -> None:
    shell = Shell(typed.cluster, stdin=io.StringIO(), stdout=io.StringIO())

    def offered(line: str) -> list[str]:
        at = max(line.rfind(mark) for mark in " =,") + 1
        if not at:
            return shell.completenames(line)
        return [word.strip() for word in shell.completedefault(line[at:], line, at, len(line))]

    assert "states " in offered("st")
    assert offered("cut host-9") == ["host-98", "host-99"]
    assert offered("cut host-98 A") == ["A"]
    assert offered("fault stor") == ["storage"]
    assert offered("fault storage acc") == ["access="]
    assert offered("fault storage access=") == ["apd", "pdl", "read-only", "full", "slow", "stale"]
    assert offered("fault storage host=host-98,host-1") == ["host-100"]
    assert offered("isolate host-98 networks=") == ["A", "B", "all"]
    assert offered("link host-98 s") == ["sA", "sB"]
    typed.lines("poweroff host-98")
    assert offered("heal ") == ["1"]


def test_the_command_runs_a_script_and_leaves_a_run_directory(tmp_path: Path) -> None:
    script = "# a comment\npoweroff host-98\nadvance 30\nstates\n"
    arguments = ["shell", "slave-failure", "--backend", "simulation", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, arguments, input=script)
    assert done.exit_code == 0, done.output
    assert "off            hostDown" in done.output
    (run,) = tmp_path.rglob("run.json")
    assert '"status": "finished"' in run.read_text()
    assert (run.parent / "scenario.toml").exists() and (run.parent / "history.jsonl").exists()
    assert CliRunner().invoke(app, arguments, input="nonsense\n").exit_code == 2
    assert CliRunner().invoke(app, ["shell", "isolatoin", "--out", str(tmp_path)]).exit_code == 2
