"""What a run shows of a chapter: its answers, its lines of what happened, its packets.

This module decides when an answer is shown by a run, for the tests that hold every chapter to that, and finds the
records and packets that lesson mode shows. A scene's claims are judged by the whole run from T on: what never comes in
the run does not come in the scene.
"""

from __future__ import annotations

from herzschlag.checkers.pace import speed_of, tolerance_s
from herzschlag.history.records import SECOND, History, Record
from herzschlag.lesson.chapter import Choice, Packets, Question, Scene
from herzschlag.lesson.playing import Played
from herzschlag.report.traffic import Datagram
from herzschlag.scenarios.expectations import Matcher, matching, show

PACKETS_OFF = 1
"""So many packets more or fewer than the answer says: where the scene's edges fall between two of them."""


def record_of(played: Played, scene: Scene, wanted: Matcher) -> Record | None:
    """The first such record of the scene, or of the whole run for one that says no more than that there is one."""
    return _first(played, fields(wanted), scene.from_s, scene.until_s)


def _first(played: Played, wanted: Matcher, from_s: float, until_s: float | None = None) -> Record | None:
    seconds = played.model.seconds
    found = matching(played.model.history, wanted)
    return next(
        (r for r in found if from_s <= seconds(r.at_ns) and (until_s is None or seconds(r.at_ns) <= until_s)), None
    )


def packets_of(played: Played, scene: Scene, wanted: Packets) -> list[Datagram]:
    """All such packets of the scene, by time."""
    seconds = played.model.seconds
    from_s = scene.from_s if wanted.from_s is None else wanted.from_s
    until_s = scene.until_s if wanted.until_s is None else wanted.until_s
    return [
        one
        for one in played.packets
        if one.kind == wanted.kind
        and wanted.source in ("", one.source)
        and wanted.destination in ("", one.destination)
        and wanted.network in ("", one.network)
        and from_s <= seconds(one.sent_ns) < until_s
    ]


def measured(played: Played, scene: Scene, question: Question) -> float | None:
    """The number that the run gives: seconds after T, or packets."""
    if question.packets is not None:
        return float(len(packets_of(played, scene, question.packets)))
    found = _first(played, fields(question.shows[0]), 0) if question.shows else None
    return None if found is None else played.model.seconds(found.at_ns)


def wrong(played: Played, scene: Scene, question: Question) -> list[str]:
    """What the chapter says of this question and the run does not show; empty when it shows all of it."""
    if question.number is None:
        return [
            f"{choice.en!r} is {'right' if choice.right else 'wrong'} and the run says otherwise: {said or 'it is so'}"
            for choice in question.choices
            if claims(choice) and bool(said := untrue(played, choice)) == choice.right
        ]
    found = measured(played, scene, question)
    allowed = PACKETS_OFF if question.packets else tolerance_s(speed_of(played.model.history))
    if found is None:
        return [f"no record {show(fields(question.shows[0])) if question.shows else ''}"]
    return [] if abs(found - question.number) <= allowed else [f"{question.number:g} is {found:.2f} here"]


def claims(choice: Choice) -> bool:
    return bool(choice.shows or choice.never)


def untrue(played: Played, choice: Choice) -> list[str]:
    """What this choice claims and the run does not show."""
    tolerance = tolerance_s(speed_of(played.model.history))
    found = []
    for wanted in choice.shows:
        record = _first(played, fields(wanted), 0) or _anytime(played, wanted)
        if record is None:
            found.append(f"no record {show(fields(wanted))}")
        elif "at_s" in wanted and abs(played.model.seconds(record.at_ns) - instant_s(wanted)) > tolerance:
            found.append(f"{show(fields(wanted))} comes at {played.model.seconds(record.at_ns):.2f}")
    for unwanted in choice.never:
        if record := _first(played, fields(unwanted), 0):
            found.append(f"there is {show(fields(unwanted))} at {played.model.seconds(record.at_ns):.2f}")
    return found


def _anytime(played: Played, wanted: Matcher) -> Record | None:
    """In a run without a fault T is late: its election was before."""
    history: History = played.model.history
    before = matching(history, fields(wanted)) if not played.model.faults else []
    return before[0] if before else None


def fields(matcher: Matcher) -> Matcher:
    return {name: value for name, value in matcher.items() if name != "at_s"}


def instant_s(matcher: Matcher) -> float:
    return float(str(matcher["at_s"]))


def is_on_time(played: Played, wanted: Matcher, record: Record) -> bool:
    """Whether the record came at the second that the chapter names, if it names one."""
    off = 0.0 if "at_s" not in wanted else played.model.seconds(record.at_ns) - instant_s(wanted)
    return abs(off) <= tolerance_s(speed_of(played.model.history)) and record.at_ns >= -SECOND
