"""Verdicts and findings: the results of a check.

This module decides that there are three verdicts, that the worst wins, that no evidence is `unknown`, and that a check
which had nothing to look at has not held: its mark is `nothing`, which no run is judged by. It leaves judging to
`herzschlag.checkers`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from herzschlag.exit_status import HOLDS, UNKNOWN, VIOLATED
from herzschlag.languages import N_
from herzschlag.scenarios.expectations import OWN

Verdict = Literal["holds", "violated", "unknown"]
Mark = Literal["holds", "violated", "unknown", "nothing"]
"""What a finding may say: a verdict, or that there was nothing to check."""
SIGNS: dict[Mark, str] = {"holds": "✓", "violated": "✗", "unknown": "?", "nothing": "\u2013"}
WORDS: dict[Mark, str] = {
    "holds": N_("holds"),
    "violated": N_("violated"),
    "unknown": N_("unknown"),
    "nothing": N_("nothing to check"),
}
"""Each mark as people read it."""
_BADNESS: dict[Verdict, int] = {"holds": 0, "unknown": 1, "violated": 2}
EXIT_STATUS: dict[Verdict, int] = {"holds": HOLDS, "violated": VIOLATED, "unknown": UNKNOWN}


def worst(marks: Iterable[Mark]) -> Verdict:
    """Violated before unknown before holds. What had nothing to check counts for nothing; without any other it is
    unknown, because nothing was shown."""
    return max((mark for mark in marks if mark != "nothing"), key=_BADNESS.__getitem__, default="unknown")


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One of the things a checker looked at."""

    name: str
    verdict: Mark
    because: str
    evidence: tuple[int, ...] = ()
    """Numbers of records."""
    published_s: tuple[float, float] | None = None
    measured_s: float | None = None
    deviation_s: float | None = None
    """Measured against the nearer end of the published range; 0 inside it."""
    allowed_s: float | None = None
    """How far an instant may be off, either way."""
    since_ns: int | None = None
    """The instant from which `published_s` and `measured_s` count, in protocol nanoseconds since the run began."""
    at_ns: int | None = None
    """The instant at which it came."""
    source: str = ""
    key: str = ""
    """Where it is written in the scenario: `expect.instant[0]`; empty: it is a rule of the checker's own."""
    foreseen: bool = False
    """It holds though it happened: the modelled system foresees it, as `because` says."""

    @property
    def figure_word(self) -> str:
        """What its figure is called: published by the source, or expected by the scenario's author."""
        return "expected" if self.source == OWN else "published"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one checker says of one run."""

    checker: str
    verdict: Mark
    because: str
    evidence: tuple[int, ...] = ()
    details: tuple[Detail, ...] = ()
    foreseen: bool = False
    """It holds though what it looks for did happen, in a way that the modelled system foresees."""
    doubt: str = ""
    """Name of the checker whose finding puts this one in doubt; it would be violated otherwise."""

    @property
    def fine(self) -> bool:
        """Whether it holds or had nothing to check: the run holds if all findings are fine."""
        return self.verdict in ("holds", "nothing")


def finding(
    checker: str, details: Iterable[Detail], *, good: str, nothing: str = "", of_none: Mark = "nothing"
) -> Finding:
    """Sum up details: the worst verdict, the reasons of those that have it; `good` when all hold, and before it what
    happened as foreseen. Without details there was nothing to check: `nothing` says what there was none of. A checker
    that must have found something then says `of_none="unknown"`."""
    details = tuple(details)
    if of_none == "nothing" and all(detail.verdict == "nothing" for detail in details):
        because = "; ".join(f"{d.name}: {d.because}" for d in details[:3]) or nothing or WORDS["nothing"]
        return Finding(checker=checker, verdict="nothing", because=because, details=details)
    verdict = worst(detail.verdict for detail in details)
    if verdict == "holds":
        foreseen = [detail for detail in details if detail.foreseen]
        evidence = tuple(dict.fromkeys(seq for detail in foreseen for seq in detail.evidence))
        because = "; ".join([*(f"{d.name}: {d.because}" for d in foreseen[:3]), good])
        return Finding(
            checker=checker,
            verdict=verdict,
            because=because,
            evidence=evidence,
            details=details,
            foreseen=bool(foreseen),
        )
    bad = [detail for detail in details if detail.verdict == verdict]
    because = "; ".join(f"{d.name}: {d.because}" for d in bad[:3]) or "there was nothing to judge"
    if len(bad) > 3:
        because += f"; and {len(bad) - 3} more"
    evidence = tuple(dict.fromkeys(seq for detail in bad for seq in detail.evidence))
    return Finding(checker=checker, verdict=verdict, because=because, evidence=evidence, details=details)


def unknown(checker: str, because: str) -> Finding:
    """There is not enough evidence to say more."""
    return Finding(checker=checker, verdict="unknown", because=because)


def counted(number: int, noun: str) -> str:
    """`1 restart`, `2 restarts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
