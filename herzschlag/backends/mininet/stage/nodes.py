"""The processes of hosts and vCenter as the stage sees them: started through the zygote, given orders, watched.

This module decides which life a host is in and whether a death was ordered. How a process gets into its host is up to
`agents/processes/zygote.py`. A death that was not ordered is reported as machinery that is gone.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from herzschlag.agents.clock import RIGHT, ClockSetting
from herzschlag.agents.hypervisor.api import HypervisorSettings
from herzschlag.agents.processes.channel import Channel
from herzschlag.agents.processes.control import (
    CONTROL_NEWS,
    ZYGOTE_NEWS,
    ChildLost,
    ControlNews,
    ControlOrder,
    Died,
    SetClock,
    Started,
    StartFailed,
    StartHost,
    StartVcenter,
    ZygoteNews,
    ZygoteReady,
)
from herzschlag.agents.settings import SECOND, AgentSettings
from herzschlag.backends.mininet.stage.api import StageSettings
from herzschlag.errors import HarnessFailure
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.spec import VCENTER

ANSWER_S_MAX = 20.0
"""Longest wait for a process of ours to answer or to start; on two busy cores 64 hosts take two seconds."""
PACKET_BYTES = 4_000_000


class StageError(HarnessFailure):
    """The stage cannot go on; the run is unknown."""


class Nodes:
    """All processes that the zygote forked."""

    def __init__(self, settings: StageSettings, records: int, log: Path, gone: Callable[[str, str], None]) -> None:
        self._settings = settings
        self._log = log
        self._gone = gone
        self._lives: dict[str, int] = {}
        self._channels: dict[str, Channel] = {}
        self.pids: dict[str, int] = {}
        """First process of every running node."""
        self._clocks: dict[str, ClockSetting] = {}
        """Hosts whose clock was ever set, for their next boot."""
        self._told_to_end: set[str] = set()
        """Nodes whose death was ordered."""
        spec = settings.topology
        self._book = {node: {net: spec.address(node, net) for net in spec.networks} for node in spec.nodes}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            ours.setsockopt(socket.SOL_SOCKET, option, PACKET_BYTES)
            theirs.setsockopt(socket.SOL_SOCKET, option, PACKET_BYTES)
        with log.open("ab") as output:
            self.zygote = subprocess.Popen(
                [sys.executable, "-m", "herzschlag.agents.processes.zygote", str(theirs.fileno()), str(records)],
                pass_fds=(theirs.fileno(), records),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | {"LD_BIND_NOW": "1"},  # functions bound later would be bound in each process anew
            )
        theirs.close()
        self._socket = ours
        self._over = False
        """Whether the zygote, and everything it forked, is gone."""

    @property
    def machinery(self) -> dict[str, int]:
        """Processes without which the run proves nothing, by name to pid."""
        return {"zygote": self.zygote.pid}

    # --- News ---------------------------------------------------------------------------------------------------------

    def descriptors(self) -> dict[int, Callable[[], None]]:
        """The descriptors to watch, each with the function to call when there is something to read."""
        found: dict[int, Callable[[], None]] = {} if self._over else {self._socket.fileno(): self._news}
        for node, channel in self._channels.items():
            found[channel.fileno()] = lambda node=node: self._listen(node)  # type: ignore[misc]
        return found

    def _news(self) -> None:
        try:
            self._note(self._hear())
        except StageError as error:
            self._gone("zygote", str(error))

    def _hear(self) -> ZygoteNews:
        data = self._socket.recv(PACKET_BYTES)
        if not data:
            self._over = True
            raise StageError("the zygote has ended")
        news: ZygoteNews = ZYGOTE_NEWS.decode(data)
        return news

    def _note(self, news: ZygoteNews) -> None:
        if isinstance(news, StartFailed):
            raise StageError(f"{news.node} did not start: {news.because}")
        if isinstance(news, Started):
            self.pids[news.node] = news.pid
        if isinstance(news, Died):
            if self.pids.get(news.node) == news.pid:
                self._forget(news.node)
            if news.node in self._told_to_end:
                self._told_to_end.discard(news.node)
            else:
                self._gone(f"{news.node}'s process", f"{news.because}{self._last_words()}")

    def _forget(self, node: str) -> None:
        self.pids.pop(node, None)
        channel = self._channels.pop(node, None)
        if channel is not None:
            channel.close()

    def _listen(self, node: str) -> None:
        channel = self._channels.get(node)
        if channel is None:
            return
        values, is_open = channel.receive()
        for value in values:
            self._unasked(node, value)
        if not is_open:
            del self._channels[node]
            channel.close()

    def _unasked(self, node: str, value: ControlNews) -> None:
        if isinstance(value, ChildLost):
            self._gone(f"{value.who} of {node}", f"{value.because}{self._last_words()}")

    def _last_words(self) -> str:
        """The last line that any process of ours printed: of a traceback, the one that says what went wrong."""
        lines = self._log.read_text(errors="replace").splitlines()
        return f" ({lines[-1][:200]})" if lines else ""

    def wait_ready(self) -> None:
        deadline = time.monotonic() + ANSWER_S_MAX
        while not isinstance(self._hear_until(deadline, "the zygote to be ready"), ZygoteReady):
            pass

    def _hear_until(self, deadline: float, what: str) -> ZygoteNews:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self._socket], [], [], left)[0]:
            raise StageError(f"waited {ANSWER_S_MAX:.0f} s for {what}: is the machine overloaded?")
        news = self._hear()
        self._note(news)
        return news

    # --- Start and end ------------------------------------------------------------------------------------------------

    def start(self, lab: Lab, nodes: list[str]) -> None:
        """Start these hosts' (or vCenter's) processes, each in a new life; returns when all run."""
        for node in nodes:
            self._lives[node] = self._lives.get(node, 0) + 1
            order = self._vcenter_order(lab) if node == VCENTER else self._host_order(lab, node)
            ours, theirs = socket.socketpair()
            socket.send_fds(self._socket, [msgspec.msgpack.encode(order)], [theirs.fileno()])
            theirs.close()
            self._channels[node] = Channel(ours, CONTROL_NEWS)
        deadline = time.monotonic() + ANSWER_S_MAX
        waiting = set(nodes)
        while waiting:
            news = self._hear_until(deadline, f"{', '.join(sorted(waiting))} to start")
            if isinstance(news, Started):
                waiting.discard(news.node)

    def _host_order(self, lab: Lab, node: str) -> StartHost:
        settings = self._settings
        spec = settings.topology
        return StartHost(
            node=node,
            pid=lab.pid(node),
            hypervisor=HypervisorSettings(
                moid=node,
                cluster=settings.config.name,
                boot=self._lives[node],
                timers=settings.timers,
                datastores={d.name: d.kind for d in spec.datastores_of(node)},
                second_ns=round(SECOND / settings.speed),
            ),
            agent=AgentSettings(
                moid=node,
                cluster=settings.config.name,
                timers=settings.timers,
                networks=spec.networks,
                mtu=spec.mtu,
                phase_ns=settings.phases_ns.get(node, 0),
            ),
            book=self._book,
            key=settings.key,
            clock=self._clocks.get(node, RIGHT),
        )

    def _vcenter_order(self, lab: Lab) -> StartVcenter:
        settings = self._settings
        return StartVcenter(
            node=VCENTER,
            pid=lab.pid(VCENTER),
            boot=self._lives[VCENTER],
            vcenter=settings.vcenter,
            book=self._book,
            key=settings.key,
        )

    def expect_end(self, node: str) -> None:
        """Note that the node's process is about to be ended on purpose."""
        if node in self.pids:
            self._told_to_end.add(node)

    def kill(self, node: str) -> int:
        """Kill the node's first process alone; returns the instant at which it was gone."""
        pid = self.pids.get(node)
        if pid is not None:
            self.expect_end(node)
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + ANSWER_S_MAX
            while node in self.pids:
                self._hear_until(deadline, f"{node} to end")
        return time.monotonic_ns()

    def set_clock(self, host: str, ahead_ns: int) -> None:
        """Set the host's clock that far ahead of the machine's, real time. A host without power boots with it."""
        self._clocks[host] = self._clocks.get(host, RIGHT).moved(ahead_ns, time.monotonic_ns())
        if host in self.pids:
            self.ask(host, SetClock(ahead_ns))

    def ask(self, node: str, order: ControlOrder) -> ControlNews:
        """Tell a node's first process something and wait for its answer."""
        channel = self._channels.get(node)
        if channel is None:
            raise StageError(f"{node} is not running, so it cannot be told {type(order).__name__}")
        channel.send(order)
        deadline = time.monotonic() + ANSWER_S_MAX
        while (left := deadline - time.monotonic()) > 0:
            select.select([channel], [channel] if channel.waiting else [], [], left)
            channel.flush()
            values, is_open = channel.receive()
            answer: ControlNews | None = None
            for value in values:
                if isinstance(value, ChildLost):
                    self._unasked(node, value)
                else:
                    answer = value  # one thing is asked at a time
            if answer is not None:
                return answer
            if not is_open:
                raise StageError(f"{node} ended while it was told {type(order).__name__}")
        raise StageError(f"{node} did not answer {type(order).__name__} within {ANSWER_S_MAX:.0f} s")
