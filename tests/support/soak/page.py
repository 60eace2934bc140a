"""The part of docs/reliability.md that `make soak` writes, from what it found."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tests.support.soak.endurance import Endured
from tests.support.soak.kills import Killed
from tests.support.soak.machine import Figures
from tests.support.soak.runs import Runs


class Found(msgspec.Struct):
    """All of it; also the JSON file."""

    command: str
    machine: str
    """Date, architecture, kernel, processors."""
    budget_s: float
    complete: bool = False
    """Not interrupted."""
    runs: Runs | None = None
    kills: Killed | None = None
    large: Endured | None = None
    looks: list[Figures] = []
    """Before, in between, after."""
    left: list[str] = []
    """New on the machine afterwards, with a name that only ours have."""
    others: int = 0
    """How many names else came meanwhile: of other work on this machine."""

    @property
    def wrong(self) -> list[str]:
        parts: list[Runs | Killed | Endured] = [one for one in (self.runs, self.kills, self.large) if one is not None]
        found = [what for part in parts for what in (*part.wrong, *(f"left: {what}" for what in part.left))]
        return [*found, *(f"left: {what}" for what in self.left), *(self.large.grown if self.large else ())]


FIGURES = {
    "descriptors": "open descriptors, all of the machine",
    "memory_available": "memory available, MB",
    "shared_memory": "memory in tmpfs, MB",
    "net_namespaces": "network namespaces, as the kernel's allocator counts them",
    "mounts": "mounts",
    "processes": "processes",
    "interfaces": "interfaces",
    "cgroups": "cgroups",
    "own_descriptors": "descriptors of the program that starts all this",
    "own_memory": "its memory, MB",
}


def text(found: Found) -> str:
    """Markdown."""
    lines = [
        f"{found.machine}. `{found.command}`"
        + ("" if found.complete else "; interrupted, so this is everything until then")
        + f". {_count(found.wrong)} wrong or left over.",
        "",
        "| Part | Wanted | Done | Verdicts | Wrong | Left over |",
        "|---|---|---|---|---|---|",
        *_rows(found),
        "",
    ]
    lines += _reasons(found)
    if found.looks:
        first, last = found.looks[0], found.looks[-1]
        lines += ["| The machine | before | after | lowest | highest |", "|---|---|---|---|---|"]
        for name, title in FIGURES.items():
            every = [getattr(look, name) for look in found.looks]
            told = (getattr(first, name), getattr(last, name), min(every), max(every))
            lines.append(f"| {title} | {' | '.join(f'{value:,}' for value in told)} |")
        lines.append("")
    if found.large and found.large.first:
        lines += [
            "| Processes of the large lab, the largest of each kind | first look | last look |",
            "|---|---|---|",
        ]
        for kind in sorted(found.large.first.keys() & found.large.last.keys()):
            looks = (found.large.first[kind], found.large.last[kind])
            told_looks = " | ".join(f"{one.count} · {one.descriptors} descriptors · {one.memory:g} MB" for one in looks)
            lines.append(f"| {kind} | {told_looks} |")
        lines.append("")
    lines += [f"- {what}" for what in found.wrong]
    if found.others:
        lines.append(
            f"- Other work on this machine meanwhile left {found.others} names (files, mounts, interfaces, cgroups)."
        )
    return "\n".join(lines).strip()


def _rows(found: Found) -> Iterable[str]:
    if found.runs is not None:
        runs = found.runs
        verdicts = f"{runs.held:,} hold, {runs.unknown:,} unknown"
        done = f"{runs.played:,} in {_minutes(runs.seconds)}"
        yield f"| runs of the shipped scenarios, in a row | {runs.wanted:,} | {done} | {verdicts} | {_end(runs)} |"
    if found.kills is not None:
        kills = found.kills
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(kills.verdicts.items()))
        met = f"{kills.hit} signals met a process and {kills.died} ended it"
        done = f"{kills.played} in {_minutes(kills.seconds)}: {met}"
        yield f"| labs killed at random moments | {kills.wanted} | {done} | {verdicts} | {_end(kills)} |"
    if found.large is not None:
        large, told = found.large, found.large.told
        if told:
            done = f"{_minutes(told['seconds'])} of its time, {told['begun']} faults begun, {told['healed']} healed"
            checks = [verdict for verdict, _ in told["findings"].values()]
            verdicts = f"{told['verdict']}: {checks.count('holds')} of {len(checks)} checks hold"
        else:
            done, verdicts = f"no result after {_minutes(large.seconds)}", "none"
        hosts = f"{told['hosts']} hosts" if told else "many hosts"
        yield f"| one lab of {hosts} under faults | {_minutes(large.wanted_s)} | {done} | {verdicts} | {_end(large)} |"


def _reasons(found: Found) -> list[str]:
    lines: list[str] = []
    if found.runs and found.runs.reasons:
        lines += ["| Why a run is unknown | Runs |", "|---|---|"]
        in_order = sorted(found.runs.reasons.items(), key=lambda item: (-item[1], item[0]))
        lines += [f"| {reason.replace('|', '/')} | {count} |" for reason, count in in_order]
        lines.append("")
    if found.large and found.large.told:
        not_held = [(name, *said) for name, said in found.large.told["findings"].items() if said[0] != "holds"]
        lines += [f"- The large lab: {name} is {verdict}: {because[:200]}" for name, verdict, because in not_held]
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.large.told["kinds"].items()))
        lines += [f"- Faults of the large lab: {kinds}.", ""]
    return lines


def _end(part: Runs | Killed | Endured) -> str:
    return f"{len(part.wrong)} | {len(part.left)}"


def _count(items: list[str]) -> str:
    return str(len(items)) if items else "Nothing"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
