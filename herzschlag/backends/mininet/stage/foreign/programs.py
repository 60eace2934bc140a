"""The programs of another system, in place of `stage/nodes.py`: started in every host that has power, read, killed.

This module decides how a host of such a system boots: its folders, its files, the watch over its address, its programs
in order. It answers the same calls as `Nodes`. When something is said is left to `reader.py`, what it means to
`lines.py`. A program that ends is a record and not lost machinery: the system may be what is wrong.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from herzschlag.agents.processes.control import ControlNews, ControlOrder, KillAgent, Killed, Obeyed, Watchdog
from herzschlag.agents.processes.record_file import RecordFile
from herzschlag.agents.records import Entry
from herzschlag.backends.mininet.stage.api import StageSettings
from herzschlag.backends.mininet.stage.foreign.descendants import Descendants
from herzschlag.backends.mininet.stage.foreign.lines import Lines, Meaning
from herzschlag.backends.mininet.stage.foreign.reader import Reader, read_some
from herzschlag.backends.mininet.stage.foreign.users import FILES, as_root
from herzschlag.backends.mininet.stage.foreign.writes import Writing, found
from herzschlag.backends.mininet.stage.nodes import StageError
from herzschlag.backends.mininet.stage.priorities import make_urgent
from herzschlag.history.kinds import Holding, ProgramChange
from herzschlag.systems.filling import filled
from herzschlag.systems.model import DONE, WRITER, Program, System
from herzschlag.topo.environment import environment, search_path
from herzschlag.topo.kernel.addresses import AddressWatch
from herzschlag.topo.lab.lab import Lab
from herzschlag.topo.spec import VCENTER, TopologySpec

PATIENCE_S = 15.0
"""How long a program waits for what its file says must be up before it."""
LOG_BYTES_MAX = 50_000_000
"""Of one program of one host, kept in the run's `log/`; what it says later is read and not kept."""
_ENVIRONMENT = {"HOME": "/tmp", "LANG": "C.UTF-8"}


class _Life:
    """One life of a host: what belongs to it is over when it loses power or its programs are killed."""

    def __init__(self, host: str, system: System, topology: TopologySpec) -> None:
        self.meaning = Meaning(host, system.reads, topology.moids, topology.node_of_address)
        self.writing = Writing()
        self.writer: subprocess.Popen[bytes] | None = None
        self.wrote_all = False
        """The lab ended its writer, because the run is over."""
        self.over = False


class Programs:
    def __init__(
        self, settings: StageSettings, system: System, records: int, logs: Path, gone: Callable[[str, str], None]
    ) -> None:
        self._gone = gone
        self._system = system
        writes = system.writes
        writers = () if writes is None else (Program(name=WRITER, argv=writes.argv),)
        self._programs = (*system.programs, *writers)
        self._topology = settings.topology
        self._logs = logs
        self._files = {host: RecordFile(records, host) for host in settings.topology.moids}
        self._reader = Reader(records, settings.topology.moids)
        self._descendants = Descendants()
        self._lives: dict[str, _Life] = {}
        self._watches: dict[str, AddressWatch] = {}
        self._lab: Lab
        self.pids: dict[str, int] = {}
        """The first program of every host that runs."""
        self.machinery: dict[str, int] = {}

    # --- What the stage asks of its nodes -----------------------------------------------------------------------------

    def descriptors(self) -> dict[int, Callable[[], None]]:
        return {self._reader.failed: self._lost}

    def _lost(self) -> None:
        self._gone("the reader", os.read(self._reader.failed, 4096).decode())

    def wait_ready(self) -> None:
        self._reader.start()

    def start(self, lab: Lab, nodes: list[str]) -> None:
        """Boot these hosts; vCenter's node stays idle."""
        self._lab = lab
        hosts = [node for node in nodes if node != VCENTER]
        for host in hosts:
            self._furnish(host)
        self._begin(hosts)

    def expect_end(self, node: str) -> None:
        """The node is about to lose power: what becomes of its programs is the fault's doing."""
        self._let_go(node)

    def kill(self, node: str) -> int:
        raise StageError(f"{self._system.name} has no process of its own on {node}, so it cannot be killed")

    def set_clock(self, host: str, ahead_ns: int) -> None:
        raise StageError(f"the clock of {host} is the machine's: it cannot be set to {ahead_ns} ns ahead")

    def ask(self, node: str, order: ControlOrder) -> ControlNews:
        match order:
            case KillAgent(watchdog=watchdog):
                pid = self.pids.get(node, 0)
                life = self._let_go(node)
                at_ns = self._lab.end_programs(node)
                self._note_killed(node, life, at_ns)
                if watchdog:
                    self._begin([node])
                else:
                    self.pids[node] = pid  # so that it is told when its watchdog works again
                return Killed(pid, at_ns)
            case Watchdog():
                self._begin([node])
                return Obeyed(time.monotonic_ns())
        raise StageError(f"{self._system.name} cannot be told {type(order).__name__}")

    # --- A host boots -------------------------------------------------------------------------------------------------

    def _furnish(self, host: str) -> None:
        """What a new life of the host has: folders, files, pipes, the watch over the address."""
        system, root = self._system, Path(f"/proc/{self._lab.pid(host)}/root")
        script = [f"mount -t tmpfs -o mode=755 tmpfs {shlex.quote(folder)}" for folder in system.fresh]
        for folder in map(shlex.quote, system.kept):
            script.append(f"mkdir -p /local{folder} && mount --bind /local{folder} {folder}")
        for name, places in FILES.items() if system.users else ():
            text = (root / "etc" / name).read_text()
            (root / "run" / name).write_text(as_root(text, system.users, places))
            script.append(f"mount --bind /run/{name} /etc/{name}")
        if script:
            self._run(host, " && ".join(script))
        for file in system.files:
            path = root / self._filled(file.path, host).lstrip("/")
            if file.once and path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._filled(file.text, host))
        if system.address:
            self._watch_address(host)

    def _run(self, host: str, script: str) -> None:
        shell = self._lab.popen(host, ["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = shell.communicate(timeout=PATIENCE_S)[0]
        if shell.returncode:
            raise StageError(f"{host}: {script}: {said.decode(errors='replace').strip()[-200:]}")

    def _begin(self, hosts: list[str]) -> None:
        """A program starts on every host before the next one does on any, which may wait for all of it."""
        for host in hosts:
            self._lives[host] = _Life(host, self._system, self._topology)
            self._open_pipes(host, self._lives[host])
            self.pids.pop(host, None)
        for program in self._programs:
            for host in hosts:
                self._start(host, program)

    def _start(self, host: str, program: Program) -> None:
        life = self._lives[host]
        if program.after:
            self._await(host, program)
        process = self._popen(host, program.argv, program.env, stderr=subprocess.STDOUT)
        make_urgent([process.pid])
        self.pids.setdefault(host, process.pid)
        if program.name == WRITER:
            life.writer = process
        self._write(host, time.monotonic_ns(), ProgramChange(name=program.name, to="started", because="by the lab"))
        self._listen(host, life, program, process)

    def _popen(self, host: str, argv: Iterable[str], env: Mapping[str, str], **options: Any) -> subprocess.Popen[bytes]:
        filled_env = {name: self._filled(value, host) for name, value in env.items()}
        process: subprocess.Popen[bytes] = self._lab.popen(
            host,
            [self._filled(word, host) for word in argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**_ENVIRONMENT, "PATH": search_path(), "PYTHONPATH": environment()["PYTHONPATH"], **filled_env},
            start_new_session=True,
            **options,
        )
        return process

    def _await(self, host: str, program: Program) -> None:
        deadline = time.monotonic() + PATIENCE_S
        script = self._filled(program.after, host)
        while self._lab.popen(host, ["sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait():
            if time.monotonic() > deadline:
                raise StageError(f"{host}: {program.name} waited {PATIENCE_S:.0f} s for: {script}")
            time.sleep(0.05)

    def _filled(self, text: str, host: str) -> str:
        return filled(text, self._system, self._topology, host)

    # --- What is said -------------------------------------------------------------------------------------------------

    def _listen(self, host: str, life: _Life, program: Program, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        output, lines, descriptor = process.stdout, Lines(), process.stdout.fileno()
        os.set_blocking(descriptor, False)
        log = (self._logs / f"{host}.{program.name}.log").open("ab", buffering=0)

        def said(now_ns: int) -> None:
            chunk = read_some(descriptor)
            if chunk is None:
                self._reader.forget(descriptor)
                output.close()
                log.close()
                return
            _keep(log, chunk)
            self._understand(host, life, program.name, lines.of(chunk), now_ns)
            self._descendants.look(now_ns)

        ending = os.pidfd_open(process.pid)

        def ended(now_ns: int) -> None:
            self._reader.forget(ending)
            os.close(ending)
            status = process.wait()
            if not life.over and not (program.name == WRITER and life.wrote_all):
                because = DONE if program.ends and status == 0 else f"by itself, with status {status}"
                self._write(host, now_ns, ProgramChange(name=program.name, to="ended", because=because))

        self._reader.watch(descriptor, said)
        self._reader.watch(ending, ended)

    def _open_pipes(self, host: str, life: _Life) -> None:
        root = Path(f"/proc/{self._lab.pid(host)}/root")
        for source in {read.of for read in self._system.reads if read.of.startswith("fifo:")}:
            path = root / source.removeprefix("fifo:").lstrip("/")
            with suppress(FileExistsError):
                os.mkfifo(path)
            descriptor, lines = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC), Lines()

            def said(now_ns: int, descriptor: int = descriptor, lines: Lines = lines, source: str = source) -> None:
                chunk = b"" if life.over else read_some(descriptor)
                if life.over or chunk is None:
                    self._reader.forget(descriptor)
                    os.close(descriptor)
                    return
                self._understand(host, life, source, lines.of(chunk), now_ns)

            self._reader.watch(descriptor, said)

    def _watch_address(self, host: str) -> None:
        netns = os.open(self._lab.netns(host), os.O_RDONLY | os.O_CLOEXEC)
        watch = AddressWatch(netns)
        os.close(netns)
        if host in self._watches:
            self._reader.forget(self._watches[host].fileno())
            self._watches[host].close()  # of the life before: it would keep that life's network in being
        self._watches[host] = watch

        def told(now_ns: int) -> None:
            for change in watch.read():
                if change.address == self._system.address:
                    to = "held" if change.held else "free"
                    entry = Holding(address=change.address, to=to, because="its kernel said so")  # type: ignore[arg-type]
                    self._write(host, now_ns, entry)

        self._reader.watch(watch.fileno(), told)

    def _understand(self, host: str, life: _Life, source: str, lines: list[str], now_ns: int) -> None:
        if life.over:
            return
        for line in lines:
            told: Iterable[Entry | None] = (
                [life.writing.of(line)] if source == WRITER else life.meaning.of(source, line)
            )
            for entry in told:
                if entry is not None:
                    self._write(host, now_ns, entry)

    def _write(self, host: str, at_ns: int, entry: Entry) -> None:
        self._files[host].write(at_ns, entry)

    def read_back(self) -> None:
        """The run is over: the writers end, and every host that runs is asked what is there."""
        writes = self._system.writes
        if writes is None:
            return
        lives = {host: life for host, life in self._lives.items() if not life.over and life.writer is not None}
        for life in lives.values():
            assert life.writer is not None
            life.wrote_all = True
            life.writer.kill()
        asked = {host: self._popen(host, writes.read, {}, stderr=subprocess.DEVNULL) for host in lives}
        deadline = time.monotonic() + PATIENCE_S
        for host, reading in asked.items():
            try:
                said = reading.communicate(timeout=max(0.0, deadline - time.monotonic()))[0]
            except subprocess.TimeoutExpired:
                reading.kill()  # it is frozen, or does not answer: nothing is found there
                continue
            for entry in found(said.decode(errors="replace"), self._topology.moids):
                self._write(host, time.monotonic_ns(), entry)

    # --- The end of a life --------------------------------------------------------------------------------------------

    def _let_go(self, host: str) -> _Life | None:
        life = self._lives.get(host)
        if life is not None:
            life.over = True
        self.pids.pop(host, None)
        return life

    def _note_killed(self, host: str, life: _Life | None, at_ns: int) -> None:
        because = "the lab killed every program of the host"
        for program in self._programs:
            self._write(host, at_ns, ProgramChange(name=program.name, to="ended", because=because))
        changed = None if life is None else life.meaning.changed("uninitialized", because)
        if changed is not None:
            self._write(host, at_ns, changed)


def _keep(log: IO[bytes], chunk: bytes) -> None:
    if log.tell() < LOG_BYTES_MAX:
        log.write(chunk)
