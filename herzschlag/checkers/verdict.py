"""Verdicts and findings: the results of a check.

This module decides that there are three verdicts, that the worst wins, and that no evidence is `unknown`. It leaves
judging to `herzschlag.checkers`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from herzschlag.exit_status import HOLDS, UNKNOWN, VIOLATED
from herzschlag.scenarios.expectations import OWN

Verdict = Literal["holds", "violated", "unknown"]
_BADNESS: dict[Verdict, int] = {"holds": 0, "unknown": 1, "violated": 2}
EXIT_STATUS: dict[Verdict, int] = {"holds": HOLDS, "violated": VIOLATED, "unknown": UNKNOWN}


def worst(verdicts: Iterable[Verdict], *, of_none: Verdict = "unknown") -> Verdict:
    """Violated before unknown before holds."""
    return max(verdicts, key=_BADNESS.__getitem__, default=of_none)


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One of the things a checker looked at."""

    name: str
    verdict: Verdict
    because: str
    evidence: tuple[int, ...] = ()
    """Numbers of records."""
    published_s: tuple[float, float] | None = None
    measured_s: float | None = None
    deviation_s: float | None = None
    """Measured against the nearer end of the published range; 0 inside it."""
    source: str = ""

    @property
    def figure_word(self) -> str:
        """What its figure is called: published by the source, or expected by the scenario's author."""
        return "expected" if self.source == OWN else "published"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one checker says of one run."""

    checker: str
    verdict: Verdict
    because: str
    evidence: tuple[int, ...] = ()
    details: tuple[Detail, ...] = ()


def finding(checker: str, details: Iterable[Detail], *, good: str, of_none: Verdict = "holds") -> Finding:
    """Sum up details: the worst verdict, the reasons of those that have it; `good` when all hold."""
    details = tuple(details)
    verdict = worst((detail.verdict for detail in details), of_none=of_none)
    if verdict == "holds":
        return Finding(checker=checker, verdict=verdict, because=good, details=details)
    bad = [detail for detail in details if detail.verdict == verdict]
    because = "; ".join(f"{d.name}: {d.because}" for d in bad[:3]) or "there was nothing to judge"
    if len(bad) > 3:
        because += f"; and {len(bad) - 3} more"
    evidence = tuple(dict.fromkeys(seq for detail in bad for seq in detail.evidence))
    return Finding(checker=checker, verdict=verdict, because=because, evidence=evidence, details=details)


def unknown(checker: str, because: str) -> Finding:
    """There is not enough evidence to say more."""
    return Finding(checker=checker, verdict="unknown", because=because)
