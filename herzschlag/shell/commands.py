"""Commands of the prompt besides Mininet's: each is a function over a running cluster.

This module decides words, usages, examples and what they print. The docstring of a function is its help: usage, then
what it does, then an example. It leaves faults to `herzschlag.cluster`, which records them for `save` and `judge`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import msgspec

from herzschlag.checkers.verdict import WORDS, Verdict, worst
from herzschlag.cluster import Cluster
from herzschlag.faults import Fault, SwitchReboot, kind_of, kinds, primitives_of
from herzschlag.history.capture_facts import CAPTURE_FILE
from herzschlag.history.fault_words import in_words
from herzschlag.history.records import SECOND, write_whole
from herzschlag.languages import N_, gettext, ngettext, number
from herzschlag.languages.reasons import reason
from herzschlag.packets.annotate import annotated
from herzschlag.packets.passages import CaptureError, Passage, read_passages
from herzschlag.scenarios.model import Scenario
from herzschlag.scenarios.to_toml import as_toml
from herzschlag.scenarios.validation import check
from herzschlag.shell.player import Player
from herzschlag.shell.words import NOTATION, WordsError, fault_of, usage
from herzschlag.topo.capture import pcapng
from herzschlag.wrong_input import nearest

SLICE_REAL_S = 0.05
"""A wait is cut into pieces this short, so that Ctrl-C ends it at once, but never during an exchange with the lab."""
SLICE_SIMULATED_S = 10.0
PACKETS = 10
RECORDS = 25


class Commands:
    """Ours. `say` prints; `stopped` is no longer empty once the user has pressed Ctrl-C."""

    def __init__(
        self, cluster: Cluster, say: Callable[[str], None], stopped: list[bool], scenario: Scenario | None = None
    ) -> None:
        self._cluster = cluster
        self._say = say
        self._stopped = stopped
        self.player = Player(cluster, scenario)
        self._settle_s = 0.0 if scenario is None else scenario.settle_s
        self.verdict: Verdict | None = None
        """Of the last `judge`."""

    # --- looking ---

    def do_states(self, arg: str) -> None:
        """states
        Roles, the state of each host as the master and vCenter see it, VMs, active faults.
        Example: states"""
        cluster = self._cluster
        masters = cluster.masters()
        now = f"{number(cluster.now_s, '.3f')} s, {cluster.session.name}"
        self._say(gettext("{now}, speed {speed}", now=now, speed=number(cluster.plan.speed)))
        width = max(len(host) for host in cluster.hosts)
        seen_by = masters[0] if len(masters) == 1 else ""
        says = f"{gettext('the master says'):<27}  {gettext('vCenter says'):<27}  VMs"
        self._say(f"{gettext('host'):<{width}}  {gettext('role'):<13}  {says}")
        for host in cluster.hosts:
            opinion = "-" if host == seen_by or not seen_by else cluster.state_of(host, seen_by=seen_by)
            row = f"{cluster.role(host):<13}  {opinion:<27}  {cluster.state_of(host):<27}"
            self._say(f"{host:<{width}}  {row}  {', '.join(cluster.vms_on(host)) or '-'}")
        if len(masters) != 1:
            self._say(gettext("masters: {names}", names=", ".join(masters) or gettext("none")))
        for name, fault in cluster.active.items():
            self._say(gettext("fault {name}: {what}", name=repr(name), what=in_words(fault)))

    def do_timeline(self, arg: str) -> None:
        """timeline [N]
        The last N records (25), each with its reason.
        Example: timeline 10"""
        self._say(self._cluster.timeline(_count(arg, RECORDS, "timeline [N]")))

    def do_capture(self, arg: str) -> None:
        """capture [FILE | last [N]]
        Where packets are being written; a copy of them with faults and role changes as comments; the last N decoded.
        Example: capture last 5"""
        path = self._capture_file()
        words = shlex.split(arg)
        if not words:
            said = N_("{path}: {number} bytes so far, of those of the agents, and pings")
            if self._cluster.plan.capture == "all":
                said = N_("{path}: {number} bytes so far, of all packets")
            self._say(gettext(said, path=path, number=path.stat().st_size))
        elif words[0] == "last":
            found = read_passages(path, self._cluster.plan.topology)
            for packet in found.packets[-_count(" ".join(words[1:]), PACKETS, "capture last [N]") :]:
                self._say(_packet(packet, self._cluster.now_s - self._cluster.session.now_ns() / SECOND))
        else:
            facts = self._cluster.session.capture
            assert facts is not None
            whole = annotated(pcapng.read(path), self._cluster.history(), facts)
            write_whole(Path(words[0]), b"".join(pcapng.encode(whole)))
            said = N_("{path}: {number} packets")
            self._say(gettext(said, path=words[0], number=len(whole.packets)))

    def _capture_file(self) -> Path:
        directory = self._cluster.plan.directory
        if self._cluster.session.capture is None:
            raise WordsError("capture needs real packets: this is the simulation; start without --backend simulation")
        if directory is None or self._cluster.plan.capture == "off":
            raise WordsError("no packets are kept here: start with --capture heartbeats or --capture all")
        return directory / CAPTURE_FILE

    def do_judge(self, arg: str) -> None:
        """judge
        The verdict of every checker on the run so far; the lab keeps running.
        Example: judge"""
        findings = self._cluster.findings_so_far()
        self.verdict = worst(finding.verdict for finding in findings)
        for finding in findings:
            self._say(f"{gettext(WORDS[finding.verdict]):<16} {finding.checker:<20} {reason(finding.because)}")
        self._say(gettext("verdict: {verdict}", verdict=gettext(self.verdict)))

    # --- faults ---

    def do_fault(self, arg: str) -> None:
        """fault KIND KEY=VALUE ...
        Begin any fault; it lasts until healed.
        Example: fault storage host=host-98 datastore=vmfs-1 access=apd"""
        kind, *words = shlex.split(arg) or [""]
        fault = fault_of(kind, words)
        if isinstance(fault, SwitchReboot):
            for length_s, phase in fault.phases():
                name = self._begin(phase)
                self._wait_until(self._cluster.now_s + length_s)
                self._cluster.heal(name)
            return
        self._begin(fault)

    def do_cut(self, arg: str) -> None:
        """cut NODE NODE [NETWORK] | cut NODE NETWORK
        No packet passes between two nodes, or between a node and all others on a network.
        Example: cut host-98 host-99 A"""
        words = shlex.split(arg)
        networks = self._cluster.plan.topology.networks
        if len(words) == 2 and words[1] in networks:
            self._begin(fault_of("isolate", [f"host={words[0]}", f"networks={words[1]}"]))
        elif len(words) in (2, 3):
            on = [f"networks={words[2]}"] if len(words) == 3 else []
            self._begin(fault_of("cut-pair", [f"a={words[0]}", f"b={words[1]}", *on]))
        else:
            raise WordsError("two nodes, or a node and a network: cut NODE NODE [NETWORK] | cut NODE NETWORK")

    def do_isolate(self, arg: str) -> None:
        """isolate NODE [KEY=VALUE ...]
        Cut a node off from everyone. Keys: networks, manner, keep.
        Example: isolate host-98 keep=gateway"""
        host, *more = _words(arg, 1, "isolate NODE [KEY=VALUE ...]")
        self._begin(fault_of("isolate", [f"host={host}", *more]))

    def do_poweroff(self, arg: str) -> None:
        """poweroff HOST
        Everything on the host dies at once.
        Example: poweroff host-98"""
        self._begin(fault_of("power-off", [f"host={_word(arg, 'poweroff HOST')}"]))

    def do_poweron(self, arg: str) -> None:
        """poweron HOST
        The host boots again.
        Example: poweron host-98"""
        self._end_of("power-off", _word(arg, "poweron HOST"))

    def do_freeze(self, arg: str) -> None:
        """freeze HOST
        The host freezes and answers nothing.
        Example: freeze host-98"""
        self._begin(fault_of("freeze", [f"host={_word(arg, 'freeze HOST')}"]))

    def do_thaw(self, arg: str) -> None:
        """thaw HOST
        The host goes on as if nothing had happened.
        Example: thaw host-98"""
        self._end_of("freeze", _word(arg, "thaw HOST"))

    def do_link(self, arg: str) -> None:
        """link NODE SWITCH up|down
        Mininet's command: a cable pulled at the node's end, or plugged in again.
        Example: link host-98 sA down"""
        ends = _words(arg, 3, "link NODE SWITCH up|down")
        switches = {f"s{network}": network for network in self._cluster.plan.topology.networks}
        nodes = [end for end in ends[:2] if end not in switches]
        if len(ends) != 3 or len(nodes) != 1 or ends[2] not in ("up", "down"):
            raise WordsError(f"a node, a switch ({', '.join(switches)}), and up or down: link NODE SWITCH up|down")
        network = next(switches[end] for end in ends[:2] if end in switches)
        wanted = fault_of("isolate", [f"host={nodes[0]}", f"networks={network}", "manner=host-carrier"])
        if ends[2] == "down":
            self._begin(wanted)
            return
        pulled = [name for name, fault in self._cluster.active.items() if fault == wanted]
        if not pulled:
            raise WordsError(f"this cable was not pulled: {nodes[0]} to {network} is up")
        self._heal(pulled[0])

    def do_heal(self, arg: str) -> None:
        """heal [FAULT]
        End one fault, by its number or name, or all.
        Example: heal 1"""
        active = list(self._cluster.active)
        wanted = arg.strip().strip("'\"")
        if not wanted:
            if not active:
                self._say(gettext("no fault is active"))
            for name in active:
                self._heal(name)
            return
        found = [name for name in active if wanted in (name, name.partition(" ")[0], name.partition(" ")[2])]
        if len(found) != 1:
            shown = ", ".join(map(repr, active)) or "none is active"
            raise WordsError(f"{wanted!r} names {len(found)} active faults: {shown}")
        self._heal(found[0])

    def _begin(self, fault: Fault) -> str:
        known = [vm.name for vm in self._cluster.plan.config.vms]
        for vm in fault.vms():
            if vm not in known:
                raise WordsError(f"{vm!r} is not a VM of this cluster: {nearest(vm, known)}")
        primitives_of(fault, self._cluster.plan.topology)
        name = self._cluster.begin(fault)
        said = N_("{when}  active: {name}: {what}") if type(fault).undoable else N_("{when}  done: {name}: {what}")
        self._say(gettext(said, when=self._now(), name=repr(name), what=in_words(fault)))
        return name

    def _heal(self, name: str) -> None:
        self._cluster.heal(name)
        self._say(gettext("{when}  healed: {name}", when=self._now(), name=repr(name)))

    def _now(self) -> str:
        return f"{number(self._cluster.now_s, '.3f')} s"

    def _end_of(self, kind: str, host: str) -> None:
        active = self._cluster.active
        found = [n for n, fault in active.items() if kind_of(fault) == kind and getattr(fault, "host", "") == host]
        if not found:
            raise WordsError(f"no {kind} of {host!r} is active: {', '.join(map(repr, active)) or 'no fault is'}")
        self._heal(found[0])

    # --- time ---

    def do_advance(self, arg: str) -> None:
        """advance SECONDS
        Let this much protocol time pass; Ctrl-C ends the wait.
        Example: advance 25"""
        try:
            seconds = float(arg)
        except ValueError:
            raise WordsError(f"{arg!r} is not a number of seconds: advance SECONDS") from None
        if not 0 <= seconds <= 86_400:
            raise WordsError(f"a wait must be 0 to 86400 s, got {arg} s")
        self._wait_until(self._cluster.now_s + seconds)
        self._say(gettext("it is {when}", when=self._now()))

    def do_step(self, arg: str) -> None:
        """step
        Wait for the next step of the scenario and make it.
        Example: step"""
        if not self.player.left:
            raise WordsError("no step is left: start with a scenario that has some, e.g. herzschlag shell isolation")
        if said := self.player.step(self._wait_until):
            self._say(gettext("{what} ({number} left)", what=said, number=self.player.left))

    def do_play(self, arg: str) -> None:
        """play
        Make all steps that are left, then wait as long as the scenario does; Ctrl-C ends it.
        Example: play"""
        self.do_step(arg)
        while self.player.left and not self._stopped:
            self.do_step(arg)
        if not self._stopped:
            self.do_advance(str(self._settle_s))

    def _wait_until(self, at_s: float) -> bool:
        """False: Ctrl-C."""
        session = self._cluster.session
        piece_s = SLICE_SIMULATED_S if session.name == "simulation" else SLICE_REAL_S * session.speed
        while (left_s := at_s - self._cluster.now_s) > 1e-9:
            if self._stopped:
                return False
            self._cluster.advance(min(left_s, piece_s))
        return True

    # --- keeping ---

    def do_save(self, arg: str) -> None:
        """save FILE
        Save the faults so far as a scenario that herzschlag run plays again.
        Example: save again.toml"""
        path = Path(_word(arg, "save FILE"))
        scenario = self._cluster.scenario(name=path.name.removesuffix(".toml"))
        check(scenario)
        path.write_text(as_toml(scenario), encoding="utf-8")
        steps = ngettext("{number} step", "{number} steps", len(scenario.steps))
        self._say(
            gettext("{path}: {steps}; again: {command}", path=path, steps=steps, command=f"herzschlag run {path}")
        )


NAMES = tuple(name.removeprefix("do_") for name in vars(Commands) if name.startswith("do_"))


def help_of(name: str) -> str:
    """Usage, what it does, an example; the words that are typed are the same in every language."""
    usage_line, about, *examples = lines_of_help(name)
    told = [gettext("Example: {command}", command=one.removeprefix("Example: ")) for one in examples]
    notation = [gettext("Notation: {notation}", notation=gettext(NOTATION))] if name == "fault" else []
    return "\n".join([usage_line, gettext(about), *told, *notation])


def lines_of_help(name: str) -> list[str]:
    """In English; what a command does is the second."""
    text = getattr(Commands, f"do_{name}").__doc__ or ""
    return [line.strip() for line in text.splitlines()]


def help_of_fault(kind: str) -> str:
    return f"{usage(kind)}\n{gettext(about_fault(kind))}"


def about_fault(kind: str) -> str:
    """In English, in a line."""
    return " ".join((kinds()[kind].__doc__ or "").split())


def _words(arg: str, least: int, usage: str) -> list[str]:
    words = shlex.split(arg)
    if len(words) < least:
        raise WordsError(f"missing argument: {usage}")
    return words


def _word(arg: str, usage: str) -> str:
    words = _words(arg, 1, usage)
    if len(words) > 1:
        raise WordsError(f"unexpected argument {words[1]!r}: {usage}")
    return words[0]


def _count(arg: str, default: int, usage: str) -> int:
    if not arg.strip():
        return default
    if not arg.strip().isdecimal() or not int(arg):
        raise WordsError(f"{arg.strip()!r} is not a count: {usage}")
    return int(arg)


def _packet(packet: Passage, ready_s: float) -> str:
    at_s = packet.entered_ns / SECOND + ready_s
    fate = gettext("dropped") if packet.left_ns is None else gettext("delivered")
    fields = msgspec.to_builtins(packet.message) if packet.message is not None else {}
    shown = " ".join(f"{k}={v}" for k, v in fields.items() if isinstance(v, str | int | float) and len(str(v)) < 30)
    way = f"{packet.network}  {packet.source:<9} > {packet.destination:<9}"
    return f"{number(at_s, '9.3f')} s  {way} {packet.kind:<10} {fate:<9} {shown}"


TROUBLE = (ValueError, AssertionError, OSError, CaptureError)
"""Exceptions of wrong words; the text says what to do."""
