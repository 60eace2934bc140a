"""docs/systems-check.md: a row for each scenario, how often it held by root and by a user, and what did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

from bench.systems.cells import WHO, Case, Who
from bench.systems.kept import Elsewhere, Kept, Measured, Played
from herzschlag.history.records import write_whole

PAGE = Path(__file__).resolve().parents[2] / "docs/systems-check.md"
NONE = "none\n"
FEWER = "| Scenario | By root | By a user | Left out | Latest |\n|---|---|---|---:|---:|"
COLUMNS = "| Scenario | By root | By a user | Left out | Latest | Processor |\n|---|---|---|---:|---:|---:|"
INSTANTS = "| Scenario | Instant | Documented | Runs | Least | Median | Most |\n|---|---|---|---:|---:|---:|---:|"


def write(kept: Kept, elsewhere: Elsewhere, cases: Sequence[Case]) -> None:
    write_whole(PAGE, text(kept, elsewhere, cases).encode())


def text(kept: Kept, elsewhere: Elsewhere, cases: Sequence[Case]) -> str:
    sound = [one for one in kept.runs if not one.left_out]
    held = [one for one in sound if one.verdict == "holds"]
    same = [one for one in kept.runs if not one.changed]
    parts = [
        HEAD.format(
            date=kept.date or "never",
            machine=kept.machine or "no machine",
            held=len(held),
            sound=len(sound),
            left_out=len(kept.runs) - len(sound),
            leftovers=sum(len(one.left) for one in kept.runs),
            same=len(same),
            all=len(kept.runs),
        )
    ]
    parts.append(_versions(kept))
    for system in sorted({one.system for one in cases}):
        parts.append(f"## {system}\n\n{COLUMNS}")
        rows = [
            _row(case, [run for run in kept.runs if run.scenario == case.name])
            for case in cases
            if case.system == system
        ]
        parts.append("\n".join(rows) + "\n")
        if instants := [*_instants([case.name for case in cases if case.system == system], sound)]:
            parts.append("\n".join([INSTANTS, *instants]) + "\n")
    parts += ["## What did not hold, and what was left\n", _listed(_wrong(kept.runs))]
    parts += ["## Left out\n", LEFT_OUT, _listed(_told(one, _doubt(one.left_out)) for one in kept.runs if one.left_out)]
    parts += ["## What changed on the machine meanwhile\n", CHANGED, _listed(_changes(kept.runs))]
    parts += _of_another(elsewhere, cases)
    return "\n".join(parts)


def _of_another(found: Elsewhere, cases: Sequence[Case]) -> list[str]:
    """The part about another Debian."""
    sound = [one for one in found.runs if not one.left_out]
    head = OTHER.format(
        date=found.date or "never",
        debian=found.debian or "no Debian",
        held=sum(one.verdict == "holds" for one in sound),
        sound=len(sound),
        left_out=len(found.runs) - len(sound),
        scenarios=len({one.scenario for one in sound}),
        all=len(cases),
        leftovers=sum(len(one.left) for one in found.runs),
    )
    rows = [_row(case, [run for run in found.runs if run.scenario == case.name], few=True) for case in cases]
    wrong = _listed(_wrong(found.runs))
    left_out = _listed(_told(one, _doubt(one.left_out)) for one in found.runs if one.left_out)
    told = f"What did not hold, and what was left:\n\n{wrong}\nLeft out:\n\n{left_out}"
    return [head, _versions(found), "\n".join([FEWER, *rows]) + "\n", told]


def _versions(kept: Kept) -> str:
    return "; ".join(f"{name} {version}" for name, version in sorted(kept.versions.items())) + ".\n"


def _row(case: Case, found: Sequence[Played], few: bool = False) -> str:
    sound = [run for run in found if not run.left_out]
    late = f"{max(run.late_ms for run in sound):.0f} ms" if sound else ""
    used = f"{max(run.cpu_s for run in sound):.0f} s" if sound else ""
    cells = [_held(sound, who) for who in WHO]
    left_out = len(found) - len(sound)
    row = f"| `{case.name}` | {' | '.join(cells)} | {left_out or ''} | {late} |"
    return row if few else f"{row} {used} |"


def _instants(scenarios: Iterable[str], sound: Sequence[Played]) -> Iterator[str]:
    """What was measured, for each instant of a scenario, beside what is documented of it."""
    for scenario in scenarios:
        found: dict[str, list[Measured]] = {}
        for run in sound:
            for one in run.instants if run.scenario == scenario else ():
                found.setdefault(one.name, []).append(one)
        for name, all_of_it in found.items():
            one, seconds = all_of_it[-1], [each.measured_s for each in all_of_it]
            documented = f"{one.least_s:g}" + (f" to {one.most_s:g}" if one.most_s > one.least_s else "")
            measured = f"{min(seconds):.3f} | {median(seconds):.3f} | {max(seconds):.3f}"
            yield f"| `{scenario}` | {name} | {documented}{' (own)' if one.own else ''} | {len(seconds)} | {measured} |"


def _held(sound: Sequence[Played], who: Who) -> str:
    ours = [run for run in sound if run.who == who]
    return f"{sum(run.verdict == 'holds' for run in ours)} of {len(ours)}" if ours else ""


def _wrong(found: Iterable[Played]) -> Iterable[str]:
    for one in found:
        if one.verdict == "violated":
            yield _told(one, one.because)
        if one.left:
            yield _told(one, f"left: {'; '.join(one.left)}")


def _changes(found: Iterable[Played]) -> Iterable[str]:
    """Each change once, with how many runs saw it."""
    seen: dict[str, list[Played]] = {}
    for one in found:
        for what in one.changed:
            seen.setdefault(what, []).append(one)
    for what, by in sorted(seen.items()):
        yield f"{what}: in {len(by)}, of {', '.join(sorted({one.scenario.partition('@')[0] for one in by}))}"


def _told(one: Played, what: str) -> str:
    return f"`{one.scenario}`, {one.who}, run {one.number}: {what}"


def _doubt(left_out: str) -> str:
    """Of a run that was late the lateness alone: whatever else it says is in doubt."""
    _, late, rest = left_out.rpartition("lateness: ")
    return late + rest if late else left_out


def _listed(lines: Iterable[str]) -> str:
    return "".join(f"- {' '.join(line.split())}\n" for line in lines) or NONE


HEAD = """\
# Every scenario of other people's systems, by root and by an ordinary user

<!-- generated by bench/systems: make systems-check -->

Each is played three times by root and three times by an ordinary user in a user namespace, real packets in real time:
`make systems-check`, {date}, on: {machine}. {held} of {sound} runs hold; {left_out} prove nothing and are left out;
{leftovers} processes, mounts or files of a run were there when it had ended; {same} of {all} runs found the machine
after them as it was before. A run counts as long as neither its scenario nor its system's file changes. Each run is
kept in [systems-check.json](systems-check.json); what the scenarios are about: [systems.md](systems.md).

An empty cell was not played yet, and the next call plays it. *Latest* is the largest lateness of a timer, *Processor*
the most processor time that a whole lab took from its start to its end.

The second table of a system has the instants that its scenarios ask for, in seconds: from the last heartbeat that was
delivered where the system's are known, otherwise from the fault. *(own)* is a bound of ours, and no document's. Runs
that were played before instants were kept are not in it.
"""
OTHER = """\
## In Debian 13

Each once by root and once by an ordinary user in a root made by debootstrap, Debian {debian}, on this machine's kernel:
`make distro-check SYSTEMS=1`, {date}. {held} of {sound} runs hold, of {scenarios} of {all} scenarios; {left_out} prove
nothing and are left out; {leftovers} processes, mounts or files of a run were there when it had ended. Each run is
kept in [distro-check.json](distro-check.json); an empty cell was not played yet.
"""
LEFT_OUT = "The machine was too late, or a part of the harness died. Another run was played in the place of each.\n"
CHANGED = """\
Its files are compared before and after every run (`tests/support/whole_machine.py`), and so are the kernel's settings
and mounts. Other work, that of other runs too, goes on beside: what is here need not come from the lab.
"""
