"""`--herzschlag-pause`: a failed test's cluster stays alive, and a prompt is opened on it.

Decides the prompt's commands. Time goes on between them on real packets; in the simulation it passes with `advance`.
What is done here is judged by nobody: the test has its verdict already.
"""

from __future__ import annotations

import cmd
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from herzschlag.backends.base import BackendUnavailable, MachineryDied
from herzschlag.cluster import Cluster
from herzschlag.pytest_labs import LENT, Lent


def pause(item: pytest.Item) -> None:
    """Hold the terminal until the prompt is left."""
    capture = item.config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture(in_=True)
    try:
        for lent in item.stash.get(LENT, []):
            Prompt(item.nodeid, lent).cmdloop()
    finally:
        if capture is not None:
            capture.resume_global_capture()


class Prompt(cmd.Cmd):
    prompt = "herzschlag> "

    def __init__(self, test: str, lent: Lent) -> None:
        super().__init__()
        self._cluster: Cluster = lent.cluster
        self._cluster.session.resume()
        self.intro = (
            f"\n{test} failed; its cluster lives on ({lent.backend}).\n{lent.told()}\n\n"
            "states, fault, cut, isolate, poweroff, heal, advance, timeline, sh; help COMMAND; quit ends the cluster\n"
        )

    def precmd(self, line: str) -> str:
        """Take in what happened since the last command."""
        session = self._cluster.session
        session.run_until(session.now_ns())
        return line

    def onecmd(self, line: str) -> bool:
        """What goes wrong is said, and the prompt stays."""
        try:
            return super().onecmd(line)
        except (ValueError, AssertionError, BackendUnavailable, MachineryDied, msgspec.ValidationError) as error:
            self._say(str(error))
            return False

    def emptyline(self) -> bool:
        return False

    def default(self, line: str) -> None:
        if line != "EOF":
            self._say(f"{line.split(maxsplit=1)[0]!r} is no command: see help")

    def do_states(self, arg: str) -> None:
        """states: roles, what the master and vCenter say, VMs, active faults"""
        cluster = self._cluster
        for host in cluster.hosts:
            vms = ", ".join(cluster.vms_on(host)) or "no VM"
            self._say(f"{host:<10} {cluster.role(host):<14} vCenter: {cluster.state_of(host) or '-':<24} {vms}")
        for name, fault in cluster.active.items():
            self._say(f"fault {name!r}: {fault.describe()}")

    def do_fault(self, arg: str) -> None:
        """fault KIND NAME=VALUE ...: any fault, e.g. fault storage host=host-98 datastore=vmfs-1 access=apd"""
        kind, *fields = shlex.split(arg) or [""]
        values = dict(field.partition("=")[::2] for field in fields)
        self._say(f"active: {self._cluster.fault(kind, **values)!r}")

    def do_cut(self, arg: str) -> None:
        """cut HOST HOST [NETWORK]: no packet passes between these two"""
        one, other, *network = _words(arg, 2, "cut HOST HOST [NETWORK]")
        self._say(f"active: {self._cluster.cut(one, other, networks=network[0] if network else 'all')!r}")

    def do_isolate(self, arg: str) -> None:
        """isolate HOST"""
        self._say(f"active: {self._cluster.isolate(*_words(arg, 1, 'isolate HOST')[:1])!r}")

    def do_poweroff(self, arg: str) -> None:
        """poweroff HOST; heal boots it"""
        self._say(f"active: {self._cluster.power_off(*_words(arg, 1, 'poweroff HOST')[:1])!r}")

    def do_heal(self, arg: str) -> None:
        """heal [FAULT]: undo one fault, or all"""
        if arg:
            self._cluster.heal(arg.strip("'\""))
        else:
            self._cluster.heal_all()

    def do_advance(self, arg: str) -> None:
        """advance SECONDS: let so much protocol time pass"""
        self._cluster.advance(float(arg))
        self._say(f"it is {self._cluster.now_s:.3f} s")

    def do_timeline(self, arg: str) -> None:
        """timeline [N]: the last N records"""
        self._say(self._cluster.timeline(int(arg or 25)))

    def do_sh(self, arg: str) -> None:
        """sh NODE [COMMAND]: a shell, or one command, in a node's namespaces, e.g. sh host-98 ip -brief address"""
        node, *command = _words(arg, 1, "sh NODE [COMMAND]")
        first = pid_of(self._cluster, node)
        done = subprocess.run(
            ["nsenter", "--target", str(first), "--all", *(command or ["sh"])],
            check=False,
            stdin=None if not command else subprocess.DEVNULL,
            stdout=None if not command else subprocess.PIPE,
            stderr=None if not command else subprocess.STDOUT,
            text=True,
        )
        if command:
            self._say((done.stdout or "").rstrip())

    def do_quit(self, arg: str) -> bool:
        """quit: end the cluster, go on with the next test"""
        return True

    do_EOF = do_quit

    def _say(self, text: str) -> None:
        self.stdout.write(f"{text}\n")
        self.stdout.flush()


def _words(arg: str, least: int, usage: str) -> list[str]:
    words = shlex.split(arg)
    if len(words) < least:
        raise ValueError(f"it needs more words: {usage}")
    return words


def pid_of(cluster: Cluster, node: str) -> int:
    """The first process of a node, as this side numbers processes."""
    numbers: dict[str, int] = getattr(cluster.session, "pids", {})
    if node not in numbers:
        raise ValueError(f"{node!r} has no namespaces here: known are {', '.join(sorted(numbers)) or 'none'}")
    sandbox: int = cluster.session.sandbox_pid  # type: ignore[attr-defined]  # whoever has pids has it
    for pid in _below(sandbox):
        fields = Path(f"/proc/{pid}/status").read_text().split("NSpid:")[1].split("\n")[0].split()
        if len(fields) > 1 and fields[1] == str(numbers[node]):
            return pid
    raise ValueError(f"{node} has no process now: is it powered off?")


def _below(pid: int) -> Iterable[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _below(int(child))
