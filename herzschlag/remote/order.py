"""One `herzschlag remote` command, from its options to its exit status.

This module decides the order of the steps, the messages (on standard error), and the exit status of each ending.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import typer

from herzschlag.exit_status import CANNOT_RUN, INTERRUPTED, WRONG_INPUT
from herzschlag.languages.refusals import told
from herzschlag.remote.bundle import make_bundle
from herzschlag.remote.connection import BROKEN, Connection
from herzschlag.remote.errors import ConnectionLost, RemoteTrouble, RemoteUsageError
from herzschlag.remote.target import FirstContact, Target, from_host, from_vagrant
from herzschlag.remote.terminal import Abandoned
from herzschlag.remote.work import Command, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOrder:
    """As typed; cli.py documents each field."""

    typed: list[str]
    vagrant: bool
    machine: str | None
    host: str | None
    key: Path | None
    known_hosts: Path | None
    accept_new_key: bool
    far_folder: str
    checkout: str | None
    setup: str | None
    patience_s: float

    def target(self) -> Target:
        if self.vagrant == (self.host is not None):
            raise RemoteUsageError("say which machine: either --vagrant or --host user@address")
        if not self.typed:
            raise RemoteUsageError("say what to run there, for example: run isolation")
        if self.host is None:
            return from_vagrant(self.machine, patience_s=self.patience_s)
        can_ask = sys.stdin.isatty() and sys.stderr.isatty()
        return from_host(
            self.host,
            key=self.key,
            known_hosts=self.known_hosts,
            first_contact=FirstContact.ACCEPT
            if self.accept_new_key
            else FirstContact.ASK
            if can_ask
            else FirstContact.REFUSE,
            patience_s=self.patience_s,
        )


def say(text: str) -> None:
    typer.echo(f"herzschlag remote: {told(text)}", err=True)


def ask(question: str) -> bool:
    return typer.confirm(told(question), default=False, err=True)


def carry_out(order: RemoteOrder) -> int:
    """Exit status: the remote command's; 2 wrong usage, 4 machine not reachable or not usable, 130 interrupted."""
    try:
        return _work(order, order.target())
    except RemoteUsageError as error:
        say(str(error))
        return WRONG_INPUT
    except RemoteTrouble as error:
        say(str(error))
        return CANNOT_RUN
    except Abandoned:
        say("gave up waiting; the remote side stops the command, `herzschlag remote … fetch` downloads its output")
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted; `herzschlag remote … fetch` downloads the results so far")
    return INTERRUPTED


def _work(order: RemoteOrder, target: Target) -> int:
    typed = order.typed
    threading.excepthook = _say_nothing_of_a_lost_line
    with Connection(target, ask=ask, say=say) as connection:
        work = Work(connection, far_folder=order.far_folder, say=say)
        work.find_folder()
        if typed[0] == "fetch":
            return _fetch(work, typed[1:])
        if order.checkout:
            work.checkout = order.checkout
        else:
            bundle = make_bundle()
            # The copy that `vagrant up` made and set up is used if it is still the same.
            work.bring_project(bundle, other_places=("~/herzschlag",) if order.vagrant else ())
            work.set_up(order.setup or bundle.setup)
        if typed[0] == "prepare":
            say(f"ready in {work.checkout} on {target}")
            return 0
        if typed[0] == "test":
            return work.test(typed[1:])
        if typed[0] == "make":
            return work.make(typed[1:])
        return _run(work, Command.translate(typed))


def _say_nothing_of_a_lost_line(died: threading.ExceptHookArgs) -> None:
    """A thread that requests a file in advance ends with the connection; the one that waits for the file reports it."""
    if not isinstance(died.exc_value, (*BROKEN, OSError)):
        threading.__excepthook__(died)


def _run(work: Work, command: Command) -> int:
    job = work.new_job()
    try:
        status = work.run(command, job)
        appeared = work.bring_home(job, command)
    except ConnectionLost as error:
        raise RemoteTrouble(
            f"{error}. The remote side stops the command; its output stays there, in {job}: "
            "the same command line with `fetch` in place of the command downloads it"
        ) from None
    for path in appeared:
        say(f"downloaded: {path}")
    return status


def _fetch(work: Work, names: list[str]) -> int:
    waiting = work.waiting_jobs()
    wanted = [job for job in waiting if not names or job in names or job.rpartition("/")[2] in names]
    unknown = [name for name in names if name not in wanted and name not in {job.rpartition("/")[2] for job in wanted}]
    if unknown:
        raise RemoteUsageError(
            f"no such job on the remote machine: {', '.join(unknown)} (jobs: {', '.join(waiting) or 'none'})"
        )
    for job in wanted:
        appeared = work.bring_home(job, Command([]))
        for path in appeared:
            say(f"downloaded: {path}")
    if not wanted:
        say("no results are waiting on the remote machine")
    return 0
