"""docs/mutants.md: what was noticed, by whom, and what was not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from bench.mutants.mutant import Mutant
from bench.mutants.trying import Told


class Tried(NamedTuple):
    mutant: Mutant
    told: Told


class Drawn(NamedTuple):
    """The draw that the tried ones are of."""

    number: int
    seed: int


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mutant that changes nothing that a run could show."""

    file: str
    before: str
    after: str
    because: str
    function: str = ""
    """The name of the function that it is in, where the file has the line in several."""

    def is_of(self, mutant: Mutant) -> bool:
        same = (self.file, self.before, self.after) == (mutant.file, mutant.before, mutant.after)
        return same and (not self.function or self.function == mutant.function)


class Equivalents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    equivalent: tuple[Equivalent, ...] = ()


def page(tried: Sequence[Tried], drawn: Drawn, known: Equivalents, how: str) -> str:
    """The whole page; its third line has the figures."""
    by_scenario = [one for one in tried if one.told.scenario]
    by_both = [one for one in tried if one.told.scenario or one.told.explored]
    explored = [one for one in tried if one.told.explored]
    left = [one for one in tried if not one.told.scenario and not one.told.explored]
    reasons = {one.mutant.name: _reason(one.mutant, known) for one in left}
    same = [one for one in left if reasons[one.mutant.name]]
    counted = len(tried) - len(same)
    share = f"{100 * len(by_both) / counted:.0f} %" if counted else "-"
    left_out = drawn.number - len(tried)
    of_draw = f"all of the draw of {drawn.number} with seed {drawn.seed}"
    if left_out:
        of_draw = f"the draw of {drawn.number} with seed {drawn.seed} was ended early, {left_out} were not tried"
    lines = [
        "# Mutants: how many small faults of the agents are noticed",
        "",
        f"Of {len(tried)} mutants ({of_draw}) the shipped scenarios notice {len(by_scenario)}, exploration"
        f" {len(explored)}, one of the two {len(by_both)}; {len(same)} change nothing that a run could show. That is"
        f" {share} of those that can be noticed ({how}).",
        "",
        "A mutant is the agents' core with one small fault, drawn at random: a comparison turned, a condition denied,",
        "a number one higher. Unit tests are not asked: it is about what a run shows. `make mutants` makes this page;",
        "what changes nothing that a run could show is listed by hand, with its reason, once nothing had noticed it.",
        "",
        "## Not noticed",
        "",
        "| Place | Is | Became | Why it shows nothing |",
        "|---|---|---|---|",
    ]
    for one in sorted(left, key=lambda one: (bool(reasons[one.mutant.name]), one.mutant.file, one.mutant.line)):
        mutant = one.mutant
        cells = (
            f"{mutant.file}:{mutant.line}",
            f"`{mutant.before}`",
            f"`{mutant.after}`",
            reasons[mutant.name],
        )
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    lines += ["", "## Noticed by exploration alone", "", "| Place | Is | Became | Found |", "|---|---|---|---|"]
    for one in explored:
        if not one.told.scenario:
            mutant = one.mutant
            cells = (f"{mutant.file}:{mutant.line}", f"`{mutant.before}`", f"`{mutant.after}`", one.told.explored)
            lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join([*lines, ""])


def _reason(mutant: Mutant, known: Equivalents) -> str:
    """Why it shows nothing, if that is known."""
    return next((one.because for one in known.equivalent if one.is_of(mutant)), "")
