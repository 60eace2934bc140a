"""What a browser gets to see of a scene, in its language: before the questions nothing of what will happen.

This module decides what of a run belongs to an instant, and cuts the rest off: the picture, packets, what each agent
knows. It leaves runs to `playing.py`, minds to `knowledge.py`, shapes to the page.
"""

from __future__ import annotations

from typing import Any

from herzschlag.history.records import SECOND
from herzschlag.languages import ENGLISH, N_, current, gettext, number
from herzschlag.lesson import messages as m
from herzschlag.lesson import proof
from herzschlag.lesson.chapter import Chapter, InBoth, Question, Scene, chapters
from herzschlag.lesson.knowledge import minds
from herzschlag.lesson.playing import Played
from herzschlag.report.picture import picture
from herzschlag.report.traffic import Datagram
from herzschlag.topo.spec import GATEWAY, VCENTER

SHOWN_S = 1.0
"""Of the packets before an instant."""
PACKETS = {
    "Heartbeat": N_("heartbeat"),
    "Election": N_("election offer"),
    "Join": N_("request to be taken in"),
    "Welcome": N_("taken in"),
    "Inventory": N_("list of running VMs"),
    "InventoryAck": N_("list received"),
    "RestartOrder": N_("order to restart"),
    "RestartResult": N_("result of the restart"),
    "Configure": N_("configuration"),
    "Report": N_("report to vCenter"),
    "ClusterView": N_("the master's report to vCenter"),
    "Protect": N_("VMs to be protected"),
    "PowerRequest": N_("power request"),
    "Ping": N_("ping"),
    "Pong": N_("answer to the ping"),
}


def text(said: InBoth) -> str:
    return said.told("de" if current() == "de" else "en")


def course(acts: bool, backend: str) -> m.Course:
    listed = tuple(
        m.Listed(one.number, text(one.title), text(one.goal), tuple(len(scene.question) for scene in one.scene))
        for one in chapters()
    )
    return m.Course(acts=acts, language=current(), backend=backend, chapters=listed)


def nothing_yet(chapter: Chapter, number_of_scene: int, phase: m.Phase, because: str) -> m.Place:
    """Of a scene whose run is not over, or failed."""
    return m.Place(**_head(chapter, number_of_scene), phase=phase, because=because)


def place(chapter: Chapter, number_of_scene: int, told: bool, played: Played) -> m.Place:
    """Everything that may be seen at a scene: before its questions, or after them."""
    scene = chapter.scene[number_of_scene - 1]
    until_s = scene.until_s if told else scene.from_s
    first = sum(len(one.question) for one in chapter.scene[: number_of_scene - 1]) + 1
    asked = [(f"{chapter.number}.{first + index}", question) for index, question in enumerate(scene.question)]
    return m.Place(
        **_head(chapter, number_of_scene),
        phase="told" if told else "ask",
        before=text(scene.before),
        zero=gettext("seconds after the fault")
        if played.model.faults
        else gettext("seconds after the cluster was ready"),
        from_s=scene.from_s,
        until_s=until_s,
        picture=cut(drawn(played, scene.from_s), until_s),
        questions=tuple(
            m.Asked(key, text(one.ask), tuple(text(choice) for choice in one.choices), one.unit) for key, one in asked
        ),
        answers=tuple(answer(key, one, scene, played) for key, one in asked) if told else (),
        moments=_moments(scene, played) if told else (_moment("", scene.from_s, played),),
        wire=_wire(scene, played) if told else (),
        command=_command(scene, played),
        remark=_remark(played),
    )


def _head(chapter: Chapter, number_of_scene: int) -> dict[str, Any]:
    return {
        "chapter": chapter.number,
        "scene": number_of_scene,
        "scenes": len(chapter.scene),
        "title": text(chapter.title),
        "goal": text(chapter.goal),
    }


def answer(key: str, question: Question, scene: Scene, played: Played) -> m.Answer:
    right = next((index for index, choice in enumerate(question.choices) if choice.right), None)
    found = proof.measured(played, scene, question) if question.number is not None else None
    here = ""
    if found is not None:
        here = f"{number(found, '.2f')} {question.unit}" if question.unit else number(found)
    told = question.told("de" if current() == "de" else "en")
    return m.Answer(key, right, question.number, here, told, text(question.why))


def drawn(played: Played, from_s: float) -> dict[str, Any]:
    """The data of the picture, with a heart for every heartbeat from a second before the scene on."""
    seconds = played.model.seconds
    beats = [
        [
            seconds(one.sent_ns),
            None if one.arrived_ns is None else seconds(one.arrived_ns),
            one.network,
            one.source,
            one.destination,
        ]
        for one in played.packets
        if one.kind == "Heartbeat" and seconds(one.sent_ns) >= from_s - SHOWN_S
    ]
    return picture(played.model) | {"beats": beats, "schematic": False}


def cut(whole: dict[str, Any], until_s: float) -> dict[str, Any]:
    """The data of a picture without anything that comes after an instant, not even an end that is known by now."""
    later = until_s + 1.0

    def begun(stretches: list[list[Any]]) -> list[list[Any]]:
        return [[s[0], min(s[1], later), *s[2:]] for s in stretches if s[0] <= until_s]

    return whole | {
        "end": until_s,
        "ready": min(whole["ready"], later),
        "roles": {host: [s for s in steps if s[0] <= until_s] for host, steps in whole["roles"].items()},
        "vms": {vm: begun(stretches) for vm, stretches in whole["vms"].items()},
        "masters": {host: begun(stretches) for host, stretches in whole["masters"].items()},
        "segments": [s | {"end": min(s["end"], later)} for s in whole["segments"] if s["begin"] <= until_s],
        "faults": [],
        "story": [],
        "beats": [beat for beat in whole["beats"] if beat[0] <= until_s],
    }


def _moments(scene: Scene, played: Played) -> tuple[m.Moment, ...]:
    """Each line of what happened at the instant of its record; last, the end of the scene."""
    found = []
    for line in scene.happened:
        record = proof.record_of(played, scene, line.record)
        if record is not None:
            found.append(_moment(text(line.says), played.model.seconds(record.at_ns), played))
    found.sort(key=lambda moment: moment.at_s)
    return (*found, _moment("", scene.until_s, played))


def _moment(says: str, at_s: float, played: Played) -> m.Moment:
    at_ns = played.model.clock.zero_ns + round(at_s * SECOND)
    at_ns = max(0, min(at_ns + 1_000_000, played.model.end_ns - 1))  # what a record says is so right after it
    return m.Moment(at_s, says, minds(played.model, at_ns), _packets(played, at_ns))


def _packets(played: Played, at_ns: int) -> tuple[m.Packet, ...]:
    """Those of the last second; equal ones once, with the networks on which they went."""
    joined: dict[tuple[str, str, str, bool], list[Datagram]] = {}
    for one in played.packets:
        if at_ns - SHOWN_S * SECOND < one.sent_ns <= at_ns:
            joined.setdefault((one.kind, one.source, one.destination, one.arrived_ns is not None), []).append(one)
    return tuple(_packet(same, played) for same in joined.values())


def _packet(same: list[Datagram], played: Played, says: str = "") -> m.Packet:
    one = same[-1]
    networks = ", ".join(sorted({each.network for each in same}))
    name = gettext(PACKETS[one.kind]) if one.kind in PACKETS else one.kind
    at_s = played.model.seconds(one.sent_ns)
    way = node(one.source), node(one.destination)
    return m.Packet(at_s, one.kind, name, *way, networks, one.arrived_ns is not None, says)


def node(name: str) -> str:
    """As in the picture; hosts by their own names."""
    return gettext("gateway") if name == GATEWAY else "vCenter" if name == VCENTER else name


def _wire(scene: Scene, played: Played) -> tuple[m.Packet, ...]:
    found = []
    for wire in scene.wire:
        packets = proof.packets_of(played, scene, wire.packet)
        if packets:
            one = packets[0 if wire.which == "first" else -1]
            same = [p for p in packets if (p.source, p.destination) == (one.source, one.destination)]
            together = [p for p in same if abs(p.sent_ns - one.sent_ns) < SECOND // 10]
            found.append(_packet(together, played, text(wire.says)))
    return tuple(found)


def _command(scene: Scene, played: Played) -> str:
    tail = " --backend simulation" if played.file.backend == "simulation" else ""
    tail += "" if current() == ENGLISH else f" --lang {current()}"
    return f"herzschlag live {scene.scenario}{tail}"


def _remark(played: Played) -> str:
    if played.file.verdict == "holds":
        return ""
    return gettext("This run does not hold what was to be shown; the machine may be too busy. Start the lesson again.")
