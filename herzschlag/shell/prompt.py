"""The prompt: reads lines, carries out commands, and continues after every error.

This module decides whether a line is ours, Mininet's or unknown; completion, Ctrl-C, and the exit status. A terminal
gets a prompt with history and completion; anything else is a script that ends at the first line that cannot be done.
Ctrl-C takes effect between two exchanges with the lab and never interrupts one.
"""

from __future__ import annotations

import cmd
import contextlib
import os
import signal
import sys
import termios
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import msgspec

from herzschlag.backends.base import BackendUnavailable, MachineryDied
from herzschlag.checkers.verdict import EXIT_STATUS
from herzschlag.cluster import Cluster
from herzschlag.exit_status import CANNOT_RUN, FAILED, INTERRUPTED, WRONG_INPUT
from herzschlag.faults import kinds
from herzschlag.languages import N_, gettext, number
from herzschlag.languages.refusals import told
from herzschlag.scenarios.model import Scenario
from herzschlag.shell.commands import NAMES, TROUBLE, Commands, help_of, help_of_fault
from herzschlag.shell.inside import Inside, Interrupted
from herzschlag.shell.words import NODES, WordsError, choices, keys
from herzschlag.topo.lab.prompt import COMMANDS, take_terminal
from herzschlag.wrong_input import nearest

OWN = ("help", "source", "time", "exit", "quit")
OWN_HELP = {
    "source FILE": N_("Do the lines of a file."),
    "time COMMAND": N_("Say how long it took."),
    "exit, quit, Ctrl-D": N_("End."),
}
LOOK_S = 0.2
"""How often a prompt that waits for a key looks for signals."""
TWO_NODES = {"cut": 2, "link": 1, "isolate": 1, "poweroff": 1, "poweron": 1, "freeze": 1, "thaw": 1}
"""Commands of ours whose first words name nodes, and how many."""


class Shell(cmd.Cmd):
    """Make it, call `run`, take the status. `shown`: whether a user reads its output."""

    prompt = "herzschlag> "
    identchars = f"{cmd.Cmd.identchars}-"
    doc_leader = ""

    def __init__(
        self,
        cluster: Cluster,
        scenario: Scenario | None = None,
        *,
        stdin: TextIO | None = None,
        stdout: TextIO | None = None,
        intro: str = "",
    ) -> None:
        super().__init__(stdin=stdin or sys.stdin, stdout=stdout or sys.stdout)
        self.cluster = cluster
        self.status = 0
        self.intro = intro
        self._stopped: list[bool] = []
        self._reading = False
        self.terminal = self.stdin.isatty()
        self._terminal = self._owned()
        self._ours = Commands(cluster, self._say, self._stopped, scenario)
        self._inside = Inside(cluster.session, cluster.plan.topology, self._terminal is not None)

    def _owned(self) -> list[Any] | None:
        """The terminal's settings, when it is ours to hand to programs."""
        with contextlib.suppress(OSError, ValueError, termios.error):
            if self.stdin.fileno() == 0 and os.tcgetpgrp(0) == os.getpgrp():
                return termios.tcgetattr(0)
        return None

    # --- the loop ---

    def run(self) -> int:
        """Until the end of input, `exit`, or the lab's. Returns the exit status."""
        with self._signals():
            try:
                if self.intro:
                    self._say(self.intro)
                self._interact() if self.terminal else self._script(self.stdin)
            except MachineryDied as error:
                self._complain(f"the lab is lost: {error}")
                return FAILED
            except Interrupted:
                return INTERRUPTED
        if self.status:
            return self.status
        return EXIT_STATUS[self._ours.verdict] if self._ours.verdict else 0

    def close(self) -> None:
        """When the lab goes on, or after it has ended."""
        self._inside.close()

    def _interact(self) -> None:
        with contextlib.suppress(ImportError):
            import readline  # noqa: PLC0415 (not everywhere)

            readline.clear_history()
            readline.set_completer(self.complete)  # type: ignore[arg-type]  # it is `complete` that cmd made for this
            readline.set_completer_delims(" \t\n=,/:")
            readline.parse_and_bind("tab: complete")
        while True:
            self._stopped.clear()
            self._reading = True
            # A Ctrl-C between the prompt and the wait for a key, or in another thread, would be noticed with that key.
            before = signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)
            try:
                line = input(self.prompt)
            except EOFError:
                self._say("")
                return
            except KeyboardInterrupt:
                self._say("")
                continue
            finally:
                self._reading = False
                signal.setitimer(signal.ITIMER_REAL, *before)
            with contextlib.suppress(WordsError):
                if self._do(line):
                    return

    def _script(self, lines: Iterable[str]) -> None:
        for line in lines:
            try:
                if self._do(line):
                    return
            except WordsError:
                return
            if self._stopped:
                raise Interrupted

    def _do(self, line: str) -> bool:
        """One line. True: it was the last. Raises WordsError, told already, when it cannot be done."""
        session = self.cluster.session
        session.run_until(session.now_ns())  # take in what happened since the line before
        try:
            return bool(self.onecmd(line.partition("#")[0].strip()))
        except BackendUnavailable as error:
            raise self._refusal(str(error), CANNOT_RUN) from None
        except (*TROUBLE, msgspec.ValidationError) as error:
            raise self._refusal(str(error), WRONG_INPUT) from None
        finally:
            if self._terminal is not None:
                with contextlib.suppress(OSError, termios.error):  # the terminal has gone
                    take_terminal()
                    termios.tcsetattr(0, termios.TCSADRAIN, self._terminal)

    def _refusal(self, text: str, status: int) -> WordsError:
        self._complain(text)
        if not self.terminal:
            self.status = status
        return WordsError(text)

    def onecmd(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        if not word:
            return False
        if word in NAMES:
            getattr(self._ours, f"do_{word}")(rest.strip())
        elif word in OWN:
            return bool(getattr(self, f"do_{word}")(rest.strip()))
        elif self._inside.takes(word):
            self._inside.run(line, self._stopped)
        else:
            known = [*NAMES, *OWN, *self._inside.names()]
            raise WordsError(f"{word!r} is not a command or a node: {_nearest(word, known)} (help lists them)")
        return False

    def do_help(self, arg: str) -> None:
        if arg in NAMES:
            self._say(help_of(arg))
            if arg == "fault":
                self._say(gettext("Kinds: {names}; help KIND says more", names=", ".join(sorted(kinds()))))
        elif arg in kinds():
            self._say(help_of_fault(arg))
        elif arg and not self._inside.takes(arg) and arg not in OWN:
            raise WordsError(f"no help on {arg!r}: {_nearest(arg, [*NAMES, *kinds()])}")
        else:
            for name in NAMES:
                usage, about, *_ = help_of(name).splitlines()
                self._say(f"  {usage:<46} {about}")
            for usage, about in OWN_HELP.items():
                self._say(f"  {usage:<46} {gettext(about)}")
            nodes = " ".join(self.cluster.plan.topology.nodes)
            self._say("\n" + gettext("Mininet's, on real packets: {names}", names=" ".join(COMMANDS)))
            self._say(
                gettext("and NODE COMMAND, which runs it in the node; a node's name further on becomes its address:")
            )
            self._say("  host-98 ping -c1 host-99        host-98 ip -brief address        gateway tcpdump -ni mgmtA")
            self._say(gettext("Nodes: {names}. help COMMAND gives an example.", names=nodes))

    def do_source(self, arg: str) -> bool:
        """Each line as if it were typed, up to the first that cannot be done."""
        if not arg:
            raise WordsError("which file? source FILE")
        for line in Path(arg).read_text(encoding="utf-8").splitlines():
            if self.onecmd(line.partition("#")[0].strip()):
                return True
        return False

    def do_time(self, arg: str) -> bool:
        began = time.monotonic()
        last = self.onecmd(arg)
        took = number(time.monotonic() - began, ".6f")
        self._say(f"*** {gettext('Elapsed time: {seconds} secs', seconds=took)}")
        return last

    def do_exit(self, arg: str) -> bool:
        return True

    do_quit = do_exit

    # --- Ctrl-C ---

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def interrupt(number: int, frame: object) -> None:
            if self._reading:
                raise KeyboardInterrupt
            self._stopped.append(True)

        def end(number: int, frame: object) -> None:
            raise Interrupted

        def look(number: int, frame: object) -> None:
            """Handlers of signals that came before run first."""

        wanted = {signal.SIGINT: interrupt, signal.SIGTERM: end, signal.SIGHUP: end, signal.SIGALRM: look}
        before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    # --- completion ---

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        return _fitting(text, [*NAMES, *OWN, *self._inside.names()])

    def completedefault(self, text: str, line: str, begidx: int, endidx: int) -> list[str]:
        """Completions that fit the words before: kinds, keys, values, nodes, networks, active faults."""
        before = line[:begidx].split()
        word, count = before[0], len(before)
        lab = self.cluster.plan.topology
        key = before[-1].split("=")[0] if "=" in before[-1] and not line[:begidx].endswith(" ") else ""
        kind = {"isolate": "isolate"}.get(word) or (before[1] if word == "fault" and count > 1 else "")
        if word == "heal":
            return _fitting(text, [name.partition(" ")[0] for name in self.cluster.active])
        if key:
            values = {"networks": [*lab.networks, "all"], "datastore": [d.name for d in lab.datastores]}
            if key == "vm":
                return _fitting(text, [vm.name for vm in self.cluster.plan.config.vms])
            named = lab.nodes if key in NODES else values.get(key, ())
            return _fitting(text, [*named, *choices(kind, key)])
        if word == "fault":
            return _fitting(text, sorted(kinds())) if count == 1 else _keys(text, kind)
        if word == "help":
            return _fitting(text, [*NAMES, *kinds()])
        if word == "isolate" and count > 1:
            return _keys(text, "isolate")
        if word == "cut" and count > 1:
            return _fitting(text, [*lab.nodes, *lab.networks])
        if word == "link" and count > 1:
            return _fitting(text, [f"s{n}" for n in lab.networks] if count == 2 else ["up", "down"])
        return _fitting(text, lab.nodes) if word in TWO_NODES or self._inside.takes(word) else []

    def _say(self, text: str) -> None:
        self.stdout.write(f"{text}\n")
        self.stdout.flush()

    def _complain(self, text: str) -> None:
        stream = self.stdout if self.terminal or self.stdout is not sys.stdout else sys.stderr
        stream.write(f"*** {told(text)}\n")
        stream.flush()


def _fitting(text: str, words: Any) -> list[str]:
    return [f"{word} " for word in words if word.startswith(text)]


def _keys(text: str, kind: str) -> list[str]:
    return [f"{key}=" for key in keys(kind) if key.startswith(text)] if kind in kinds() else []


def _nearest(word: str, known: list[str]) -> str:
    found = nearest(word, known)
    return found if found.startswith("did") else "no such word"
