"""Conversations of a simulated cluster as text files: what was done, then what the nodes said and concluded.

This module decides the format of `tests/transcripts/*.txt` and how a file is played. It leaves to `sentences.py` how
one message or one record reads.

    # Prose: what this conversation shows.

    cluster hosts=3 vms_per_host=1
    advance 30s
    ----
    T+0.0    host-98 -> host-99, host-100: I offer myself as master: I reach 3 datastores [16 times until T+15.0]
    T+15.0   host-99: I am master, I was election (no better candidate was heard)

A file is prose and any number of parts; a part is commands, a line `----`, and what happened. T counts protocol seconds
from the first command of the part. Faults begin and end ten milliseconds after a heartbeat, so T is the time since
the last heartbeat that came through, as in the published timelines. A message that is said again in every heartbeat
interval is one line. `[lost]` is a message that reached its receiver on no network; impaired links, which lose some
packets by chance, are not taken into account.

| Command | Does |
|---|---|
| `cluster KEY=VALUE ...` | starts a cluster; keys are those of `[cluster]` in a scenario file |
| `advance 30s` | lets protocol time pass |
| `cut A -> B [KEY=VALUE ...]` | cuts one direction, by silence; `cut A <-> B` both |
| `split A, B / C, D`, `isolate A`, `power off A`, `no storage A` | sets that fault off |
| `crash agent A`, `stop agent A` | ends the agent's process; only after a crash its watchdog starts it again |
| `heal`, `heal COMMAND`, `power on A` | ends every fault, or the one that this command set off |
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from herzschlag.agents.protocol.messages import AnyMessage, ClusterView, Heartbeat
from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.faults import AnyFault, CrashAgent, CutPair, Isolate, OneWay, PowerOff, Split, Storage
from herzschlag.history.records import SECOND
from herzschlag.history.sent import Passing
from herzschlag.scenarios.model import Cluster
from tests.support import sentences
from tests.support.cluster import AFTER_HEARTBEAT_NS, plan_of

RULE = "----"
REPEAT_NS_MAX = 2 * SECOND
"""A message that is said again later than this is a new one: requests are repeated every heartbeat interval."""


class TranscriptError(ValueError):
    """A transcript that cannot be played; the text names file and line."""


class Part(NamedTuple):
    prose: tuple[str, ...]
    """Lines as they are, empty ones included, up to the first command."""
    commands: tuple[tuple[int, str], ...]
    """The commands, with their line numbers."""
    expected: tuple[str, ...]


def parse(text: str) -> list[Part]:
    """A part ends at the first empty line behind its rule. Raises TranscriptError for commands without a rule."""
    parts: list[Part] = []
    prose: list[str] = []
    commands: list[tuple[int, str]] = []
    expected: list[str] | None = None
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if expected is not None:
            if line:
                expected.append(line)
                continue
            parts.append(Part(tuple(prose), tuple(commands), tuple(expected)))
            prose, commands, expected = [], [], None
        if line == RULE:
            expected = []
        elif not line or line.startswith("#"):
            if commands and line:
                raise TranscriptError(f"line {number}: prose goes before the commands of its part, or behind {RULE!r}")
            prose += [] if commands else [line]
        else:
            commands.append((number, line))
    if commands:
        raise TranscriptError(f"line {commands[0][0]}: a line {RULE!r} must follow the commands")
    return parts


def play(path: Path) -> str:
    """The file as it would be if it were recorded now. Raises TranscriptError."""
    conversation = Conversation()
    lines: list[str] = []
    try:
        for part in parse(path.read_text()):
            lines += [*part.prose, *(command for _, command in part.commands), RULE, *conversation.play(part), ""]
    except TranscriptError as error:
        raise TranscriptError(f"{path.name}: {error}") from None
    return "\n".join(_without_doubles(lines)).rstrip("\n") + "\n"


def _without_doubles(lines: Sequence[str]) -> list[str]:
    return [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]


def difference(path: Path, played: str) -> str:
    """The text for a user when the cluster does not say what the file says; empty when it does."""
    lines = difflib.unified_diff(
        path.read_text().splitlines(),
        played.splitlines(),
        f"{path.name}, as recorded",
        "as played now",
        lineterm="",
        n=1,
    )
    return "\n".join(lines)


class Line(msgspec.Struct):
    """One line of a conversation, until the part is over and it is known how often it was said."""

    at_ns: int
    who: str
    to: tuple[str, ...]
    text: str
    fate: str = ""
    count: int = 1
    last_ns: int = 0

    def written(self, since_ns: int) -> str:
        speaker = f"{self.who} -> {', '.join(self.to)}" if self.to else self.who
        again = f" [{self.count} times until T+{_seconds(self.last_ns - since_ns)}]" if self.count > 1 else ""
        return f"T+{_seconds(self.at_ns - since_ns):<6} {speaker}: {self.text}{self.fate}{again}"


def _seconds(length_ns: int) -> str:
    """The length in seconds, rounded down to tenths: what follows at once from a heartbeat has its instant."""
    return f"{math.floor(length_ns / (SECOND / 10)) / 10:.1f}"


class Beats(msgspec.Struct):
    sent: int = 0
    arrived: int = 0


class Conversation:
    """A cluster, the faults that commands set off, and what has been said in the part that is played."""

    def __init__(self) -> None:
        self._cluster: SimCluster | None = None
        self._since_ns = 0
        self._read = 0
        self._lines: list[Line] = []
        self._beats: dict[tuple[str, str], Beats] = {}
        self._views: dict[str, ClusterView] = {}

    def play(self, part: Part) -> list[str]:
        """Play the part. Returns what happens meanwhile, line by line."""
        self._lines, self._beats = [], {}
        if self._cluster is not None:
            self._since_ns = self._cluster.now_ns - AFTER_HEARTBEAT_NS
        for number, command in part.commands:
            try:
                self._obey(command)
            except (KeyError, ValueError, msgspec.ValidationError) as error:
                raise TranscriptError(f"line {number}: {command!r}: {error}") from error
        self._conclude()
        return [*(line.written(self._since_ns) for line in self._lines), *self._summary()]

    # -- commands -------------------------------------------------------------------------------------------------

    def _obey(self, command: str) -> None:
        verb, _, rest = command.partition(" ")
        if verb == "cluster":
            self._start(rest)
        elif self._cluster is None:
            raise TranscriptError("the first command is `cluster ...`")
        elif verb == "advance":
            self._conclude()
            self._cluster.run_for(round(float(rest.removesuffix("s")) * SECOND))
        elif command == "heal":
            for fault_id in self._cluster.disturbances.active:
                self._cluster.disturbances.end(fault_id)
        elif verb == "heal" or command.startswith("power on "):
            begun = rest if verb == "heal" else command.replace("power on", "power off")
            if begun not in self._cluster.disturbances.active:
                raise TranscriptError(f"it did not happen before: {begun!r}")
            self._cluster.disturbances.end(begun)
        else:
            self._cluster.disturbances.begin(command, fault_of(command).primitives(self._cluster.plan.topology))

    def _start(self, words: str) -> None:
        plan = plan_of(**_cluster_keys(words))
        self._cluster = cluster = SimCluster(plan)
        cluster.network.watcher = self._hear
        cluster.start()
        cluster.run_until(AFTER_HEARTBEAT_NS)

    # -- what is said and concluded -------------------------------------------------------------------------------

    def _hear(self, packets: tuple[Passing, ...], message: AnyMessage | None) -> None:
        """The simulated network's watcher: all that nodes say passes here, in order."""
        if message is None or not packets:
            return
        self._conclude()
        source = packets[0].sender
        fates = {
            node: _fate([one for one in packets if one.receiver == node])
            for node in dict.fromkeys(one.receiver for one in packets)
        }
        if isinstance(message, Heartbeat):
            for node, fate in fates.items():
                beats = self._beats.setdefault((source, node), Beats())
                beats.sent += 1
                beats.arrived += fate != LOST
            return
        text = sentences.of_message(message, self._views.get(source))
        if isinstance(message, ClusterView):
            self._views[source] = message
        for fate in dict.fromkeys(fates.values()) if text else ():
            self._add(source, tuple(node for node, its in fates.items() if its == fate), text, fate)

    def _add(self, who: str, to: tuple[str, ...], text: str, fate: str) -> None:
        """One line for what one node says to several at once, and for what it says again every second."""
        assert self._cluster is not None
        now_ns = self._cluster.now_ns
        for line in reversed(self._lines):
            if now_ns - max(line.at_ns, line.last_ns) > REPEAT_NS_MAX:
                continue
            same = (line.who, line.text, line.fate) == (who, text, fate)
            if same and to and line.to == to:
                line.count, line.last_ns = line.count + 1, now_ns
                return
            if same and to and line.at_ns == now_ns and line.count == 1:
                line.to = (*line.to, *to)
                return
        self._lines.append(Line(now_ns, who, to, text, fate))

    def _conclude(self) -> None:
        """Add the records that have come since the last look, before anything later is said."""
        assert self._cluster is not None
        records = self._cluster.records
        for record in records[self._read :]:
            text = sentences.of_record(record.kind, record.fields)
            if text:
                self._lines.append(Line(record.at_ns, record.node, (), text))
        self._read = len(records)

    def _summary(self) -> list[str]:
        """Heartbeats by direction, and how the cluster is at the end of the part."""
        assert self._cluster is not None
        cluster = self._cluster
        arrived: dict[str, list[str]] = {}
        for (source, node), its in self._beats.items():
            arrived.setdefault(source, []).append(f"{node} {its.arrived} of {its.sent}")
        hosts = [f"{moid} {_role(cluster, moid)}" for moid in cluster.hosts]
        vms = [
            f"{vm.name} on {' and '.join(found) or 'no host'}"
            for vm in cluster.config.vms
            for found in [[moid for moid, host in cluster.hosts.items() if host.runs(vm.name)]]
        ]
        return [
            *(f"heartbeats that arrived: {source} -> {', '.join(arrived[source])}" for source in sorted(arrived)),
            f"at the end: {', '.join(hosts)}; {', '.join(vms) or 'no VMs'}",
        ]


LOST = " [lost]"


def _fate(packets: Sequence[Passing]) -> str:
    """Of one message to one node, by all its networks."""
    failed = [one.network for one in packets if one.arrived_ns is None]
    if len(failed) == len(packets):
        return LOST
    return f" [lost on {', '.join(failed)}]" if failed else ""


def _role(cluster: SimCluster, moid: str) -> str:
    view = cluster.view(moid)
    if not cluster.hosts[moid].powered:
        return "without power"
    return "without agent" if view is None else str(view.role)


def _cluster_keys(words: str) -> dict[str, Any]:
    """`hosts=98,99,100` names them, an empty value is an empty list; all else is read as the field's type says."""
    keys: dict[str, Any] = dict(word.split("=", maxsplit=1) for word in words.split())
    unknown = keys.keys() - set(Cluster.__struct_fields__)
    if unknown:
        raise ValueError(f"a cluster has no key {', '.join(sorted(unknown))}")
    for name in ("hosts", "networks", "heartbeat_datastores"):
        if name in keys:
            keys[name] = [item for item in keys[name].split(",") if item]
    if "hosts" in keys:
        keys["hosts"] = [f"host-{number}" for number in keys["hosts"]]
    cluster = msgspec.convert(keys, Cluster, strict=False)
    return {name: getattr(cluster, name) for name in keys}


def _split(words: str) -> AnyFault:
    return Split(groups=tuple(_names(group) for group in words.split("/")))


def _cut(words: str) -> AnyFault:
    *ends, last = words.split()
    networks = "all"
    if last.startswith("networks="):
        networks = last.removeprefix("networks=")
    else:
        ends.append(last)
    src, arrow, dst = ends
    if arrow == "<->":
        return CutPair(a=src, b=dst, networks=networks)
    if arrow != "->":
        raise ValueError(f"{arrow!r}: -> cuts one direction, <-> both")
    return OneWay(src=src, dst=dst, networks=networks)


def _names(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(","))


FAULTS: dict[str, Callable[[str], AnyFault]] = {
    "cut ": _cut,
    "split ": _split,
    "isolate ": lambda words: Isolate(host=_names(words)),
    "power off ": lambda words: PowerOff(host=_names(words)),
    "crash agent ": lambda words: CrashAgent(host=_names(words)),
    "stop agent ": lambda words: CrashAgent(host=_names(words), watchdog=False),
    "no storage ": lambda words: Storage(host=_names(words), access="apd"),
}


def fault_of(command: str) -> AnyFault:
    """The fault that a command sets off. Raises ValueError for an unknown command."""
    for verb, make in FAULTS.items():
        if command.startswith(verb):
            return make(command.removeprefix(verb))
    known = ", ".join(sorted([*(verb.strip() for verb in FAULTS), "advance", "cluster", "heal", "power on"]))
    raise ValueError(f"not a command: use one of {known}")
