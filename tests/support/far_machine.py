"""The remote machine in the tests of `herzschlag remote`: a real OpenSSH server in namespaces of its own.

    client namespace (near) ── veth ── server namespace (far: own network, mounts, processes; sshd as its only service)
      10.9.0.1                           10.9.0.2
The server has its own configuration, host key and list of users' keys in a temporary folder; the machine's own server,
keys and network are never touched. Everything ends with the two holders, whatever happens.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from getpass import getuser
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
ADDRESS, NEAR_ADDRESS = "10.9.0.2", "10.9.0.1"
WAIT_S_MAX = 20.0
SSHD = shutil.which("sshd", path="/usr/local/sbin:/usr/sbin:/sbin")
SLOW = "rate 40mbit burst 256k latency 400ms"
CONFIGURATION = """
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
LogLevel VERBOSE
"""


def missing() -> str:
    """What this machine lacks for such a server; empty if it lacks nothing."""
    if SSHD is None:
        return "no sshd: apt-get install openssh-server"
    if os.geteuid() != 0:
        return "a machine of namespaces with its own sshd needs root"
    return ""


def run(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def hold(*options: str, prepare: str) -> subprocess.Popen[str]:
    """Namespaces that live as long as this process."""
    holder = subprocess.Popen(
        ["unshare", *options, "sh", "-ec", f"{prepare}; echo ready; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    return holder


def new_key(path: Path) -> Path:
    path.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path)
    return path


class FarMachine:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "key"
        self.known_hosts = folder / "known_hosts"
        self._sshd: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        new_key(self.key)
        new_key(self.folder / "host_key")
        shutil.copy(f"{self.key}.pub", self.folder / "authorized_keys")
        (self.folder / "sshd_config").write_text(CONFIGURATION.format(address=ADDRESS, folder=self.folder))
        self._near = hold("--net", prepare="ip link set lo up")
        self._far = hold(
            *("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            prepare="mount -t tmpfs tmpfs /run; mkdir -m 755 /run/sshd; ip link set lo up",
        )
        self._inside = int(run("pgrep", "-P", str(self._far.pid)).split()[0])
        near = self.near_command()
        run(*near, "ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(self._inside))
        run(*near, "ip", "addr", "add", f"{NEAR_ADDRESS}/30", "dev", "near")
        run(*near, "ip", "link", "set", "near", "up")
        self.there("ip", "addr", "add", f"{ADDRESS}/30", "dev", "far")
        self.there("ip", "link", "set", "far", "up")
        self.start_server()
        self.know_server()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for holder in (self._far, self._near):
            holder.kill()
            holder.communicate()
        if self._sshd is not None:
            self._sshd.wait()

    # --- the server ---

    def start_server(self) -> None:
        assert SSHD is not None
        command = [*self._enter_far(), SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("ab") as log:
            self._sshd = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: ":22 " in self.there("ss", "-Hltn"), "sshd listens")

    def kill_server(self) -> None:
        """Kill the listener and its sessions at once. The programs that sessions started stay."""
        for line in self.there("pgrep", "-x", "sshd").split():
            with suppress(AssertionError):
                self.there("kill", "-KILL", line)
        if self._sshd is not None:
            self._sshd.wait()
            self._sshd = None

    def know_server(self) -> None:
        kind, key = (self.folder / "host_key.pub").read_text().split()[:2]
        self.known_hosts.write_text(f"{ADDRESS} {kind} {key}\n")

    # --- the line ---

    def cut(self) -> None:
        """Drop every packet in both directions, without notice."""
        rules = "table inet cut { chain in { type filter hook input priority 0; iifname near drop; }; "
        rules += "chain out { type filter hook output priority 0; oifname near drop; }; }"
        run(*self.near_command(), "nft", rules)

    def slow_down(self) -> None:
        """Limit both ways to 5 MB/s, so that a cut happens in the middle; and a sender here must wait for the line
        after a few KB, as on any line with a long queue."""
        run(*self.near_command(), "sysctl", "--quiet", "--write", "net.ipv4.tcp_wmem=4096 4096 4096")
        self.there("tc", "qdisc", "add", "dev", "far", "root", "tbf", *SLOW.split())
        run(*self.near_command(), "tc", "qdisc", "add", "dev", "near", "root", "tbf", *SLOW.split())

    def speed_up(self) -> None:
        self.there("tc", "qdisc", "del", "dev", "far", "root")
        run(*self.near_command(), "tc", "qdisc", "del", "dev", "near", "root")

    def heal(self) -> None:
        run(*self.near_command(), "nft", "delete table inet cut")

    # --- commands ---

    def _enter_far(self) -> list[str]:
        return ["nsenter", "-t", str(self._inside), "--net", "--mount", "--pid"]

    def near_command(self) -> list[str]:
        return ["nsenter", "-t", str(self._near.pid), "--net"]

    def there(self, *command: str) -> str:
        return run(*self._enter_far(), *command)

    def processes_there(self) -> list[str]:
        """Command lines on the remote machine, but for the server's and the holder's."""
        lines = [line.split(maxsplit=1) for line in self.there("ps", "-eo", "stat=,args=").splitlines()]
        ours = ("sshd:", str(SSHD), "cat", "ps ")
        return [line for state, line in lines if not state.startswith("Z") and not line.startswith(ours)]

    def command(self, *typed: str | Path, options: tuple[str | Path, ...] = ()) -> list[str]:
        """`herzschlag remote` on the near side."""
        parts = [
            *(*self.near_command(), sys.executable, "-m", "herzschlag", "remote", "--host", f"{getuser()}@{ADDRESS}"),
            *("--key", self.key, "--known-hosts", self.known_hosts, "--patience", "2", *options, *typed),
        ]
        return [str(part) for part in parts]

    def remote(
        self, *typed: str | Path, cwd: Path, options: tuple[str | Path, ...] = (), project: Path = ROOT
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*typed, options=options),
            cwd=cwd,
            env=environment(project),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def begin(self, *typed: str | Path, cwd: Path, options: tuple[str | Path, ...] = ()) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*typed, options=options),
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def environment(project: Path = ROOT) -> dict[str, str]:
    """The environment without the SSH agent of the tests' user, and with the project importable from any folder."""
    kept = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}
    return {**kept, "PYTHONPATH": str(project), "COLUMNS": "200"}


def interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
