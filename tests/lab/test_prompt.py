"""The prompt on real packets: a script through a pipe, and a user at a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from herzschlag.topo.capture import pcapng
from tests.support.waiting import until

pytestmark = pytest.mark.packets

DEADLINE_S = 40.0
MARK = "HERZSCHLAG_SHELL_TEST"
PROMPT = "herzschlag> "
AT_WORK_SWITCHES = 10
"""More context switches than it takes to finish reading a line."""


class Terminal:
    """A program at a pseudo-terminal of its own, typed at and read."""

    def __init__(self, argv: list[str], cwd: Path) -> None:
        self.mark = uuid.uuid4().hex
        self.pid, self._end = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.environ |= {MARK: self.mark, "TERM": "dumb", "PYTHONPATH": str(Path(__file__).parents[2])}
            os.execv(sys.executable, [sys.executable, *argv])
        self._unread = ""

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def until(self, wanted: str, within_s: float = DEADLINE_S) -> str:
        """Everything up to and with this text, a regular expression."""

        def read(for_s: float) -> None:
            if select.select([self._end], [], [], for_s)[0]:
                try:
                    self._unread += os.read(self._end, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"it ended without {wanted!r}; last seen:\n{self._unread}") from None

        found = until(
            lambda: re.search(wanted, self._unread), wanted, within_s=within_s, state=lambda: self._unread, pause=read
        )
        assert found is not None
        before, self._unread = self._unread[: found.end()], self._unread[found.end() :]
        return before

    def does(self, line: str) -> str:
        """Type a line, and return the output before the next prompt."""
        self.type(f"{line}\n")
        return self.until(f"(?m){PROMPT}$")

    def until_at_work(self) -> None:
        """Wait until a line is not only read but under way: a shell that reads sleeps in one call, one that lets time
        pass wakes often."""
        enough = self._switches() + AT_WORK_SWITCHES
        until(lambda: self._switches() >= enough, "it does something", within_s=DEADLINE_S, state=lambda: self._unread)

    def _switches(self) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[0])

    def left(self) -> list[str]:
        """The processes of it that still run, itself included."""
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and f"{MARK}={self.mark}".encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def status(self) -> int:
        """Wait until it has ended, and read its output meanwhile."""

        def drink(for_s: float) -> None:
            if select.select([self._end], [], [], for_s)[0]:
                with contextlib.suppress(OSError):
                    self._unread += os.read(self._end, 65536).decode(errors="replace")

        def ended() -> tuple[int, int] | None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return (pid, status) if pid else None

        found = until(ended, "it ends", within_s=DEADLINE_S, state=lambda: self._unread, pause=drink)
        assert found is not None
        self.pid = 0
        return os.waitstatus_to_exitcode(found[1])

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._end)


@contextlib.contextmanager
def terminal(argv: list[str], cwd: Path) -> Iterator[Terminal]:
    opened = Terminal(argv, cwd)
    try:
        yield opened
    finally:
        opened.close()


def piped(script: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "herzschlag", "shell", "--speed", "10", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        argv,
        input=textwrap.dedent(script),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_script_uses_mininets_commands_and_ours(tmp_path: Path) -> None:
    done = piped(
        """
        nodes
        links
        pingall
        host-98 export KEPT=yes; sleep 1000 &
        host-98 echo kept=$KEPT
        host-98 ping -c1 host-99
        host-98 ip -brief address
        dpctl dump-ports
        py net["host-98"].IP()
        sh echo from the sandbox: $(ip -o link | grep -c sA-)
        cut host-98 host-99 A
        host-98 ping -c1 -W1 host-99
        heal
        """,
        tmp_path,
    )
    text = done.stdout
    assert "available nodes are" in text, done
    assert "mgmtA<->sA-host-98 (OK OK)" in text
    assert "*** Results: 0% dropped (20/20 received)" in text
    assert "kept=yes" in text
    assert "198.18.1.1/16" in text
    assert re.search(r"from the sandbox: 5\n", text)
    one, other = text.split("active: '1 cut-pair'")
    assert " 0% packet loss" in one and "100% packet loss" in other
    assert done.returncode == 0, done.stderr


def test_a_script_meets_power_and_packets(tmp_path: Path) -> None:
    """A node with a shell in it is frozen, then loses its power: neither may wait for the other."""
    done = piped(
        """
        host-98 sleep 1000 &
        freeze host-98
        poweroff host-98
        pingall 1
        states
        heal
        advance 20
        host-98 hostname; jobs
        capture
        capture copy.pcapng
        capture last 3
        judge
        """,
        tmp_path,
    )
    text = done.stdout
    assert "Without power, left out: host-98" in text, done
    assert "host-98   off" in text
    assert re.search(r"^host-98$", text, re.MULTILINE), text
    assert "Running" not in text
    assert re.search(r"capture\.pcapng: \d{4,} bytes so far", text)
    copy = pcapng.read(tmp_path / "copy.pcapng")
    assert any("power-off" in comment for packet in copy.packets for comment in packet.comments)
    assert re.search(r"s  [AB]  \S+ +> \S+ +\w+ +(delivered|dropped)", text)
    assert ("verdict: holds" in text, done.returncode) in ((True, 0), (False, 3)), text


def test_mininets_commands_that_make_no_sense_here_are_refused_kindly(tmp_path: Path) -> None:
    done = piped("xterm host-98\n", tmp_path)
    assert (done.returncode, "host-98 bash" in done.stderr) == (2, True), done
    done = piped("gateway ping -c1 host-98\nhost-98 exit\n", tmp_path)
    assert (done.returncode, "opens a new one" in done.stderr) == (2, True), done


def test_a_person_at_a_terminal_stops_a_program_and_not_the_lab(tmp_path: Path) -> None:
    """Tab completes, Ctrl-C reaches the program in the node, Ctrl-D ends everything."""
    with terminal(["-m", "herzschlag", "shell", "--speed", "10"], tmp_path) as shell:
        shell.until(f"(?m){PROMPT}$")
        shell.type("host-98 pi\x15sta\t")
        shell.until("states")
        shell.type("\n")
        assert "master" in shell.until(f"(?m){PROMPT}$")
        shell.type("fault power-o\thost=host-10\t\x15")
        shell.until("host=host-100")
        shell.type("host-98 ping host-99\n")
        shell.until("icmp_seq=2 ")
        shell.type("\x03")
        assert "packets transmitted" in shell.until(f"(?m){PROMPT}$")
        assert "mgmtA" in shell.does("host-98 ip -brief address")
        shell.type("host-98 echo read''y; cat\n")  # an interactive program: it gets what is typed, and Ctrl-D ends it
        shell.until("ready")
        shell.type("there\nand back\n")
        shell.until("and back")
        shell.type("\x03")
        shell.until(f"(?m){PROMPT}$")
        shell.type("sh echo sleep''s; sleep 1000\n")
        shell.until("sleeps")
        shell.type("\x03")
        shell.until(f"(?m){PROMPT}$")
        shell.type("advance 10000\n")
        shell.until("advance 10000\r\n")
        shell.until_at_work()
        shell.type("\x03")
        assert "it is" in shell.until(f"(?m){PROMPT}$")
        shell.type("\x03")
        shell.until(f"(?m){PROMPT}$")
        assert "is not a command" in shell.does("nonsense")
        assert "host-99   master" in shell.does("states")
        shell.type("\x04")
        assert shell.status() == 0
        assert shell.left() == []
    (run,) = tmp_path.rglob("run.json")
    assert '"status": "finished"' in run.read_text()


IN_ANOTHER_THREAD = """
import signal, sys, threading, time
from pathlib import Path
from herzschlag.cli.program import main

def press():
    while not Path("press").exists():
        time.sleep(0.01)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

threading.Thread(target=press, daemon=True).start()
sys.argv = ["herzschlag", "shell", "--backend", "simulation"]
main()
"""


def test_a_ctrl_c_that_does_not_wake_the_prompt_is_noticed(tmp_path: Path) -> None:
    """As when it comes between the prompt and the wait for a key: the kernel interrupts nothing then."""
    with terminal(["-c", IN_ANOTHER_THREAD], tmp_path) as shell:
        shell.until(f"(?m){PROMPT}$")
        (tmp_path / "press").touch()
        shell.until(f"(?m){PROMPT}$")
        shell.type("\x04")
        assert shell.status() == 0


def test_a_failed_test_pauses_at_the_same_prompt(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(cluster):\n    assert cluster.master == 'host-1'\n")
    argv = ["-m", "pytest", "-p", "no:cacheprovider", "--herzschlag-pause", "test_it.py"]
    with terminal(argv, tmp_path) as shell:
        assert "failed; its cluster is still running" in shell.until(f"(?m){PROMPT}$", 90)
        assert "host-99   master" in shell.does("states")
        assert "1 received" in shell.does("host-98 ping -c1 host-99")
        shell.type("host-98 ping host-99\n")
        shell.until("icmp_seq=2 ")
        shell.type("\x03")
        shell.until(f"(?m){PROMPT}$")
        assert "active" in shell.does("poweroff host-98")
        shell.type("exit\n")
        shell.until("1 failed")
        assert shell.status() == 1
        assert shell.left() == []
