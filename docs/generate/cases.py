"""Writes docs/cases.md: the 46 cases and all other shipped scenarios, what must happen, and what did, on both backends.

python docs/generate/cases.py                 write the page from docs/cases.json and the scenario files
python docs/generate/cases.py FOLDER...       take the runs in these folders into docs/cases.json first
python docs/generate/cases.py --check         exit 1 if the page is not what would be written; runs nothing

This module decides what of a run is kept: verdict, what did not hold, measured instants. The rows are section 11 of the
fact sheet in our words; its scenario file says what each expects exactly, and holds the published instants.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from herzschlag.checkers.rules.timeline import span
from herzschlag.running.run_file import RUN_FILE, RunReport, read_report
from herzschlag.scenarios.from_toml import load_family, shipped
from herzschlag.scenarios.model import Scenario
from herzschlag.sources.documents import linked

DOCS = Path(__file__).resolve().parents[1]
PAGE, RESULTS = DOCS / "cases.md", DOCS / "cases.json"
SAME_CUT = "same-cut"
BACKENDS = {"simulation": "Simulation", "mininet": "Real packets"}
LONGEST_REASON = 300
NONE, NOT_RUN = "-", "not run"

ROWS: dict[int, tuple[str, str]] = {
    1: ("a slave loses power", "dead at T18 (T15 without heartbeat datastores), its VMs restart, others untouched"),
    2: ("several hosts lose power at once", "all their VMs restart on the survivors, 32 at a time per host"),
    3: ("the master loses power", "new master at T25, restarts at T35"),
    4: ("the master and a slave lose power together", "one election, then the VMs of both restart"),
    5: ("the master dies during restarts", "the new master begins again, with a fresh count of attempts"),
    6: ("a slave loses its management networks, response none", "isolated, VMs run on, no failover"),
    7: ("the same, response power off", "VMs off at T60, restarted elsewhere after the poll"),
    8: ("the same, response shutdown, a guest hangs", "forced off 300 s later, then restarted"),
    9: ("the master of two loses its management networks", "isolated at T5; the other elects itself at T25"),
    10: ("several hosts lose their management networks, response none", "found alive by datastore, no failover"),
    11: ("all hosts lose all management networks", "all isolated, no VM powered off; one master after repair"),
    12: ("network A alone, or B alone, is cut", "no state changes: heartbeats on the other"),
    13: ("A cut on one host, B on another", "the two cannot meet: partition between them"),
    14: ("a host is cut off for 2, 5, 9 s", "nothing but a look at its datastore heartbeats from T3 on"),
    15: ("the same for 12 to 24 s", "an election, then a slave again, no VM touched"),
    16: ("the same for 35 to 55 s, response power off", "isolated, cancelled before T60, VMs stay on"),
    17: ("a host is cut off, its gateway answers", "partitioned, its own master, no isolation response"),
    18: ("the gateway is down, heartbeats flow", "nothing"),
    19: ("the gateway is down and a slave cut off", "isolated; with a second, living isolation address partitioned"),
    20: ("split 2 + 2, storage shared", "two masters, no VM moves, the old master keeps its locks"),
    21: ("the same, then a host in the other half dies", "the owner of the locks restarts its VMs on its side"),
    22: ("the same, or a split in three, then it heals", "one master by the order of an election, no VM touched"),
    23: ("split with storage, VMs on their own side", "each side calls the other failed, no VM moves"),
    24: ("the same with a VM away from its storage", "restarted at its storage; ghost killed on heal, or at T320"),
    25: ("network and storage of a host cut, response none", "failed, VMs restarted, double run until it heals"),
    26: ("the same, response power off", "restarts from T18, the host kills its copies at T60"),
    27: ("a host loses its storage, component protection off", "no action, VMs hang; a reboot restarts them"),
    28: ("the same, component protection on", "VMs restarted at T320; storage back before: nothing, or a reset"),
    29: ("a datastore is lost for good on two hosts", "VMs killed there and restarted where there is access"),
    30: ("one of two heartbeat datastores is lost", "a replacement is chosen, nothing else"),
    31: ("a heartbeat datastore is lost and a slave cut off", "judged by the one left; with none left failed"),
    32: ("the agent of a host is killed", "the watchdog starts it; if it stays dead: agent unreachable, no failover"),
    33: ("port 8182 blocked, ping open", "agent unreachable, no failover"),
    34: ("ICMP blocked", "nothing while heartbeats flow; a later cut isolates falsely"),
    35: ("one-way loss between master and slave", "the slave is a master of itself, owns nothing; no VM moves"),
    36: ("20 % loss, 100 to 500 ms delay", "no state changes"),
    37: ("1500 bytes in a path of 9000", "the host is stuck in an election"),
    38: ("election of 98 against 100", "98 with equally many datastores, 100 with one more"),
    39: ("the former master returns", "it stays a slave"),
    40: ("vCenter is down, then a host fails", "its VMs restart all the same, vCenter's too"),
    41: ("host monitoring off, a host cut off or dead", "no response, no restart"),
    42: ("a VM fits nowhere", "pending, restarted when a host joins"),
    43: ("power-on fails each time", "attempts at 0, 2, 6, 14, 30 min, then no more"),
    44: ("33 equal VMs, one host to take them", "32 start, the 33rd when one task has ended"),
    45: ("all hosts lose power, then boot", "election, VMs restarted from the protected list"),
    46: ("switch reboot, with and without Failback", "with: isolation while ports are dark; without: nothing"),
}
"""Number to (fault, what must happen). T: seconds after the fault."""

NOT_MODELLED: dict[int, str] = {}
"""Number to the reason why there is no scenario."""


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of one run."""

    verdict: str
    date: str
    speed: float
    file: str
    """Beginning of the SHA-256 of the scenario file, to see whether it changed since."""
    status: str = "finished"
    because: str = ""
    """Why, when it does not hold."""
    failing: dict[str, str] = {}
    """Checker to verdict, where it is not `holds`."""
    measured_s: dict[str, float | None] = {}
    """Name of a published instant to when it came."""


Ran = dict[str, dict[str, Result]]
"""Backend to scenario to its result."""


def mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


# --- results ----------------------------------------------------------------------------------------------------------


def load_results() -> Ran:
    if not RESULTS.exists():
        return {backend: {} for backend in BACKENDS}
    return msgspec.json.decode(RESULTS.read_bytes(), type=Ran)


def take_in(results: Ran, folders: Iterable[str]) -> int:
    """Put every finished run of a case below these folders into the results; of several the latest."""
    found = sorted(
        (file for folder in folders for file in Path(folder).rglob(RUN_FILE)), key=lambda file: file.stat().st_mtime
    )
    wanted = set(names())
    taken = 0
    for file in found:
        report = read_report(file.parent)
        if report.scenario in wanted and report.status in ("finished", "unavailable"):
            date = time.strftime("%Y-%m-%d", time.gmtime(file.stat().st_mtime))
            results[report.backend][report.scenario] = result_of(report, date)
            taken += 1
    return taken


def result_of(report: RunReport, date: str) -> Result:
    return Result(
        verdict=report.verdict,
        date=date,
        speed=report.speed,
        file=mark(report.scenario_text),
        status=report.status,
        because="" if report.verdict == "holds" else report.because[:LONGEST_REASON],
        failing={f.checker: f.verdict for f in report.findings if not f.fine},
        measured_s={d.name: None if d.measured_s is None else round(d.measured_s, 2) for d in report.instants},
    )


# --- scenarios --------------------------------------------------------------------------------------------------------


def members() -> dict[str, tuple[Scenario, ...]]:
    """Shipped name to its scenario, or its variants."""
    return {name: load_family(name) for name in shipped()}


def names() -> list[str]:
    return [scenario.name for family in members().values() for scenario in family]


def families(number: int, found: dict[str, tuple[Scenario, ...]]) -> Iterator[tuple[str, tuple[Scenario, ...]]]:
    """The files of one row: case-07, or case-07-a, case-07-b, ..."""
    name = f"case-{number:02}"
    return ((file, family) for file, family in found.items() if file == name or file.startswith(f"{name}-"))


# --- the page ---------------------------------------------------------------------------------------------------------


def verdicts(scenarios: Iterable[Scenario], ran: dict[str, Result]) -> str:
    """One word if all variants agree, else each."""
    shown = {scenario.name.partition("@")[2]: verdict(scenario, ran) for scenario in scenarios}
    different = sorted(set(shown.values()))
    if len(different) == 1:
        alone = len(shown) == 1 or different == [NOT_RUN]
        return different[0] if alone else f"{different[0]} ({len(shown)} of {len(shown)})"
    return "; ".join(f"{name}: {what}" for name, what in shown.items())


def verdict(scenario: Scenario, ran: dict[str, Result]) -> str:
    result = ran.get(scenario.name)
    if result is None:
        return NOT_RUN
    if result.status == "unavailable":
        return f"cannot run: {cell(result.because)}"
    text = f"**{result.verdict}**: {cell(result.because)}" if result.because else result.verdict
    return text if result.file == mark(scenario.text) else f"{text} (of an earlier file)"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def cases(found: dict[str, tuple[Scenario, ...]], results: Ran) -> list[str]:
    lines = ["| Case | Fault | Expected | Simulation | Real packets |", "|---|---|---|---|---|"]
    for number, (fault, expected) in ROWS.items():
        files = list(families(number, found))
        if number in NOT_MODELLED:
            lines.append(f"| {number} | {fault} | {expected} | not modelled: {NOT_MODELLED[number]} | |")
            continue
        if not files:
            raise SystemExit(f"case {number} has neither a scenario nor a reason in NOT_MODELLED: add one of them")
        links = ", ".join(f"[{name}](../herzschlag/scenarios/shipped/{name}.toml)" for name, _ in files)
        scenarios = [scenario for _, family in files for scenario in family]
        columns = " | ".join(verdicts(scenarios, results[backend]) for backend in BACKENDS)
        lines.append(f"| {links} | {fault} | {expected} | {columns} |")
    return lines


def instants(found: dict[str, tuple[Scenario, ...]], results: Ran) -> list[str]:
    lines = ["| Case | Instant | Published | Simulation | Real packets | Source |", "|---|---|---:|---:|---:|---|"]
    for name, family in found.items():
        if name.startswith("case-"):
            for scenario in family:
                lines += instants_of(scenario, results)
    return lines


def instants_of(scenario: Scenario, results: Ran) -> Iterator[str]:
    for item in scenario.expect.instant:
        low, high = item.range_s
        published = (low, high + item.room_s)
        columns = " | ".join(measured(scenario.name, item.name, published, results[backend]) for backend in BACKENDS)
        source = linked(cell(item.source))
        yield f"| {scenario.name} | {cell(item.name)} | {span(*published)} s | {columns} | {source} |"


def measured(scenario: str, instant: str, published: tuple[float, float], ran: dict[str, Result]) -> str:
    at_s = ran[scenario].measured_s.get(instant) if scenario in ran else None
    if at_s is None:
        return NONE
    low, high = published
    off_s = at_s - low if at_s < low or low == high else max(0.0, at_s - high)
    return f"{at_s:.2f} s ({off_s:+.2f})"


def same_cut(family: tuple[Scenario, ...], results: Ran) -> list[str]:
    """A row a way and backend, and what differs from the first way."""
    heads = [item.name for item in family[0].expect.instant]
    lines = [
        "| Way | Backend | Verdict | Differs from the first way in | " + " | ".join(heads) + " |",
        "|---|---|---|---|" + "---:|" * len(heads),
    ]
    for backend, label in BACKENDS.items():
        ran = results[backend]
        first = ran.get(family[0].name)
        for scenario in family:
            result = ran.get(scenario.name)
            way = scenario.title.rpartition(": ")[2]
            if result is None or first is None:
                lines.append(f"| {way} | {label} | {NOT_RUN} | | " + " | ".join(NONE for _ in heads) + " |")
                continue
            checkers = sorted({*first.failing, *result.failing})
            differing = [
                f"{checker} ({result.failing.get(checker, 'holds')} against {first.failing.get(checker, 'holds')})"
                for checker in checkers
                if result.failing.get(checker) != first.failing.get(checker)
            ]
            columns = (measured(scenario.name, item.name, item_range(item), ran) for item in scenario.expect.instant)
            lines.append(
                f"| {way} | {label} | {verdict(scenario, ran)} | {', '.join(differing) or 'nothing'} | "
                + " | ".join(columns)
                + " |"
            )
    return lines


def others(found: dict[str, tuple[Scenario, ...]], results: Ran) -> list[str]:
    """The scenarios beside the cases of the fact sheet."""
    lines = ["| Scenario | What it shows | Simulation | Real packets |", "|---|---|---|---|"]
    for name, family in found.items():
        if not name.startswith("case-") and name != SAME_CUT:
            columns = " | ".join(verdicts(family, results[backend]) for backend in BACKENDS)
            lines.append(
                f"| [{name}](../herzschlag/scenarios/shipped/{name}.toml) | {cell(_title(family))} | {columns} |"
            )
    return lines


def _title(family: tuple[Scenario, ...]) -> str:
    """A variant's title follows the family's, after a colon."""
    title = family[0].title
    return title.rpartition(": ")[0] if len(family) > 1 else title


def item_range(item: object) -> tuple[float, float]:
    low, high = item.range_s  # type: ignore[attr-defined]  # an Instant
    return (low, high + item.room_s)  # type: ignore[attr-defined]


def origin(results: Ran) -> str:
    """When the runs were made."""
    told = []
    for backend, label in BACKENDS.items():
        dates = sorted({result.date for result in results[backend].values()})
        if dates:
            when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
            told.append(f"{label.lower()}: {len(results[backend])} runs, {when}")
    return "; ".join(told) or "nothing was run yet"


def page() -> str:
    found, results = members(), load_results()
    texts = [
        "# The 46 cases",
        "",
        "Written by `docs/generate/cases.py`; do not edit. `herzschlag run case-07` runs a case on real packets, with "
        "`--backend simulation` in virtual time; `case-07@variant` runs one of a family. What a case expects exactly "
        "is in its scenario file, what the words mean in [results.md](results.md), the sources in "
        "[sources.md](sources.md).",
        "",
        f"Runs: {origin(results)}. A case on real packets runs ten times as fast as real time unless its file names "
        "another speed.",
        "",
        *cases(found, results),
        "",
        "## Other scenarios",
        "",
        *others(found, results),
        "",
        "## Published against measured",
        "",
        "Protocol seconds, in brackets the deviation from the nearer end of what is published. Allowed: 0.15 s in the "
        "simulation, 0.50 s at speed 10. A range is wide where the documentation speaks of a poll.",
        "",
        *instants(found, results),
        "",
        "## The same cut made in every way",
        "",
        "[same-cut](../herzschlag/scenarios/shipped/same-cut.toml) cuts one host off for 50 s, each time by other "
        "means. To the protocol it is one cut, so nothing should differ but by the noise of the machine.",
        "",
        *same_cut(found[SAME_CUT], results),
    ]
    return "\n".join(texts) + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return 0 if PAGE.exists() and PAGE.read_text() == page() else 1
    if arguments:
        results = load_results()
        if not take_in(results, arguments):
            raise SystemExit(f"{' '.join(arguments)}: no finished run of a case below; run some with --out first")
        known = set(names())
        kept = {b: {n: r for n, r in sorted(ran.items()) if n in known} for b, ran in results.items()}
        RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
