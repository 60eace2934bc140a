"""Runs Mininet's commands in a lab on real packets; in the simulation it explains why that is not possible.

This module decides which lines go to Mininet, and it watches the lab while they run. It leaves running them to
`topo/lab/prompt.py`.
"""

from __future__ import annotations

import sys

from herzschlag.backends.base import HasSandbox, Session
from herzschlag.shell.words import WordsError
from herzschlag.topo.errors import TopoError
from herzschlag.topo.lab.prompt import COMMANDS, Prompt, pass_on_interrupt
from herzschlag.topo.spec import TopologySpec

LOOK_S = 0.2
"""How often the lab is looked after while a program runs in a node."""
REFUSED = {
    "xterm": "the lab has no display: run a program here, for example: host-98 bash",
    "gterm": "the lab has no display: run a program here, for example: host-98 bash",
    "x": "the lab has no display: run a program here, for example: host-98 bash",
    "switch": "a switch is stopped by: fault network-down networks=A, and started by: heal",
    "iperf": "start it yourself: host-98 iperf -s >/tmp/iperf &, then: host-99 iperf -t 2 -c host-98",
    "iperfudp": "start it yourself: host-98 iperf -us >/tmp/iperf &, then: host-99 iperf -t 2 -uc host-98",
}
"""Commands of Mininet that are not available here, and what to use instead."""


class Interrupted(Exception):
    """Ctrl-C or SIGTERM."""


class Inside:
    def __init__(self, session: Session, spec: TopologySpec, terminal: bool) -> None:
        self._session = session
        self._spec = spec
        self._terminal = terminal
        self._prompt: Prompt | None = None

    def names(self) -> list[str]:
        return [*COMMANDS, *self._spec.nodes] if isinstance(self._session.inner, HasSandbox) else []

    def takes(self, word: str) -> bool:
        return word in COMMANDS or word in REFUSED or word in self._spec.nodes

    def run(self, line: str, stopped: list[bool]) -> None:
        """Run it to its end. `stopped` is no longer empty once Ctrl-C came to this process: at a terminal it was meant
        for the line, which had not taken the terminal yet. Raises WordsError, MachineryDied, and Interrupted where
        there is no terminal."""
        word = line.split(maxsplit=1)[0]
        lab = self._session.inner
        if not isinstance(lab, HasSandbox):
            raise WordsError(f"{word} needs real packets: this is the simulation; start without --backend simulation")
        if word in REFUSED:
            raise WordsError(f"{word} is not available here: {REFUSED[word]}")
        try:
            if self._prompt is None:
                datapath = str(self._session.versions()["datapath"])
                self._prompt = Prompt(lab.sandbox_pid, self._spec, datapath, terminal=self._terminal)
            sys.stdout.flush()
            self._prompt.begin(line, lab.holders())
            while (answer := self._prompt.answer(LOOK_S)) is None:
                self._session.run_until(self._session.now_ns())
                if stopped and not self._terminal:
                    raise Interrupted
                if stopped and pass_on_interrupt():
                    stopped.clear()
        except TopoError as error:
            if self._prompt is not None:
                self._prompt.close()
            self._prompt = None
            raise WordsError(f"{error}: the next command starts another") from None
        if answer.because:
            raise WordsError(answer.because)

    def close(self) -> None:
        if self._prompt is not None:
            self._prompt.close()
            self._prompt = None
