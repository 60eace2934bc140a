"""Connection to the remote machine: over paramiko, with the verbs of the remote side.

This module decides how a connection is made and which error each failure becomes; it leaves the requests over it to the
other files. Neither keys nor passphrases are ever printed or logged.
"""

from __future__ import annotations

import json
import select
import shlex
import socket
import time
from collections.abc import Callable, Iterator
from getpass import getpass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paramiko

from herzschlag.languages.refusals import told
from herzschlag.remote import far
from herzschlag.remote.errors import ConnectionLost, RemoteTrouble, Unreachable
from herzschlag.remote.hostkeys import FirstContactPolicy, changed, revoked
from herzschlag.remote.target import Target
from herzschlag.remote.tcp_timeout import PatientSocket

CONNECT_S_MAX = 30.0  # TCP, banner, authentication: each
KEEPALIVE_S = 5  # an idle connection stays open through address translation, and a dead one is noticed
BROKEN = (
    EOFError,
    TimeoutError,
    ConnectionError,
    paramiko.SSHException,
)  # a lost connection, below sftp
NOISE_BYTES_MAX = 64 << 10  # what login shells may print before the remote side does
# Reads the remote side's program from standard input to the last byte and not one further, then runs it.
BOOTSTRAP = (
    "import sys;n=int(sys.argv[1]);f=open(0,'rb',0,closefd=False);b=b''\n"
    "while len(b)<n:\n c=f.read(n-len(b))\n if not c:sys.exit(1)\n b+=c\n"
    "exec(compile(b,'far','exec'),{'__name__':'__main__'})"
)


class Connection:
    def __init__(self, target: Target, *, ask: Callable[[str], bool], say: Callable[[str], None]) -> None:
        self.target = target
        self._client = paramiko.SSHClient()
        self._ask, self._say = ask, say
        self._sftp: paramiko.SFTPClient | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        target = self.target
        for file in target.known_hosts:
            if file.is_file():
                self._client.load_system_host_keys(str(file))
        self._client.set_missing_host_key_policy(FirstContactPolicy(target, self._ask, self._say))
        try:
            self._connect(None)
        except paramiko.PasswordRequiredException:
            self._connect(self._passphrase())
        transport = self._transport()
        key = transport.get_remote_server_key()
        if revoked_in := revoked(target, key):
            self.close()
            raise RemoteTrouble(f"the host key of {target} is marked as revoked in {revoked_in}; nothing was done")
        transport.set_keepalive(KEEPALIVE_S)

    def reopen(self) -> None:
        """After the connection broke: the same machine, with the host key that it had before."""
        self.close()
        self._client = paramiko.SSHClient()
        self._sftp = None
        self.open()

    def _connect(self, passphrase: str | None) -> None:
        target = self.target
        try:
            line = PatientSocket.connect_to(
                target.address, target.port, connect_s_max=CONNECT_S_MAX, patience_s=target.patience_s
            )
            self._client.connect(
                target.address,
                target.port,
                target.user,
                passphrase=passphrase,
                key_filename=[str(key) for key in target.keys] or None,  # type: ignore[arg-type]  # lists are documented
                allow_agent=not target.keys,
                look_for_keys=not target.keys,
                sock=line,
                banner_timeout=CONNECT_S_MAX,
                auth_timeout=CONNECT_S_MAX,
            )
        except paramiko.BadHostKeyException as error:
            raise changed(target, error.expected_key, error.key) from None
        except paramiko.PasswordRequiredException:
            if passphrase is None:
                raise
            raise RemoteTrouble(f"{target.keys[0]}: the passphrase does not open this key") from None
        except paramiko.AuthenticationException:
            tried = ", ".join(str(key) for key in target.keys) or "the agent's and the default ones in ~/.ssh"
            raise RemoteTrouble(
                f"{target} does not let {target.user} in with the key ({tried}): name the right one with --key, "
                f"or add its public half to {target.user}'s ~/.ssh/authorized_keys there"
            ) from None
        except socket.gaierror as error:
            raise Unreachable(f"{target.address}: no such machine ({error.strerror})") from None
        except TimeoutError:
            raise Unreachable(
                f"{target} did not answer within {CONNECT_S_MAX:g} s: is it up, is the address right?"
            ) from None
        except ConnectionRefusedError:
            raise Unreachable(f"{target}: connection refused: is a server listening on port {target.port}?") from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(f"cannot connect to {target}: {error or type(error).__name__}") from None

    def _passphrase(self) -> str:
        shown = str(self.target.keys[0]) if self.target.keys else "your key"
        try:
            return getpass(f"{told(f'Passphrase of {shown}')}: ")
        except (EOFError, OSError):
            raise RemoteTrouble(
                f"{shown} has a passphrase, and there is no terminal to ask for it: use ssh-agent"
            ) from None

    def _transport(self) -> paramiko.Transport:
        transport = self._client.get_transport()
        if transport is None or not transport.is_active():
            raise ConnectionLost(f"the connection to {self.target} is gone")
        return transport

    def close(self) -> None:
        self._client.close()

    def start(self, verb: str, **details: Any) -> Talk:
        """Start a verb of the remote side."""
        request = {"verb": verb, "patience_s": self.target.patience_s, **details}
        source = Path(far.__file__).read_bytes()
        try:
            channel = self._transport().open_session(timeout=self.target.patience_s)
            channel.settimeout(self.target.patience_s)
            channel.exec_command(f"exec python3 -c {shlex.quote(BOOTSTRAP)} {len(source)}")
            channel.sendall(source + far.frame(far.REQUEST, json.dumps(request).encode()))
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise ConnectionLost(f"the connection to {self.target} broke: {error or type(error).__name__}") from None
        return Talk(channel, self.target)

    def call(self, verb: str, **details: Any) -> dict[str, Any]:
        """Carry out a verb of the remote side that only answers."""
        talk = self.start(verb, **details)
        while (answer := talk.answer) is None:
            select.select([talk], [], [], far.STEP_S)
            for _ in talk.news():
                pass
        return answer

    @property
    def sftp(self) -> paramiko.SFTPClient:
        if self._sftp is None:
            try:
                self._sftp = self._client.open_sftp()
            except (paramiko.SSHException, EOFError, OSError) as error:
                raise ConnectionLost(f"{self.target} opened no file transfer (sftp): {error}") from None
            channel = self._sftp.get_channel()
            assert channel is not None
            channel.settimeout(self.target.patience_s)
        return self._sftp


class Talk:
    """One running verb: frames in both directions until its answer."""

    def __init__(self, channel: paramiko.Channel, target: Target) -> None:
        self._channel = channel
        self._target = target
        self._frames = far.Frames()
        self._before_magic: bytearray | None = bytearray()
        self._stderr = bytearray()
        self._heard_at = self._said_at = time.monotonic()
        self.answer: dict[str, Any] | None = None

    def fileno(self) -> int:
        return int(self._channel.fileno())

    def say(self, kind: bytes, body: bytes = b"") -> None:
        try:
            self._channel.sendall(far.frame(kind, body))
        except (paramiko.SSHException, EOFError, OSError) as error:
            if self._channel.closed:  # its answer may have arrived just before: `news` reads it, or says what broke
                return
            raise ConnectionLost(f"the connection to {self._target} broke: {error or type(error).__name__}") from None
        self._said_at = time.monotonic()

    def news(self) -> Iterator[tuple[bytes, bytes]]:
        """Frames that have arrived; sends the other side a sign of life when one is due."""
        while self._channel.recv_stderr_ready():
            self._stderr += self._channel.recv_stderr(far.CHUNK_BYTES)[: NOISE_BYTES_MAX - len(self._stderr)]
        while self.answer is None and (
            self._channel.recv_ready() or self._channel.eof_received or self._channel.closed
        ):
            data = self._channel.recv(far.CHUNK_BYTES)
            if not data:
                raise self._broken()
            self._heard_at = time.monotonic()
            for kind, body in self._frames.feed(self._after_magic(data)):
                if kind == far.EXIT:
                    self.answer = json.loads(body)
                    if "trouble" in self.answer:
                        raise RemoteTrouble(f"{self._target}: {self.answer['trouble']}")
                    return
                if kind != far.ALIVE:
                    yield kind, body
        now = time.monotonic()
        if now - self._heard_at > self._target.patience_s:
            raise ConnectionLost(f"nothing heard from {self._target} for {self._target.patience_s:g} s")
        if now - self._said_at > self._target.patience_s / 6:
            self.say(far.ALIVE)

    def _after_magic(self, data: bytes) -> bytes:
        if self._before_magic is None:
            return data
        self._before_magic += data
        _, magic, rest = bytes(self._before_magic).partition(far.MAGIC)
        if not magic:
            if len(self._before_magic) > NOISE_BYTES_MAX:
                raise RemoteTrouble(
                    f"the login shell of {self._target} prints without end: let it be silent for commands"
                )
            return b""
        self._before_magic = None
        return rest

    def _broken(self) -> Exception:
        said = self._stderr.decode(errors="replace").strip()
        if self._before_magic is not None and self._channel.exit_status_ready():
            status = self._channel.recv_exit_status()
            if status == 127:
                return RemoteTrouble(
                    f"{self._target} has no python3: install it there (Debian: apt-get install python3 python3-venv)"
                )
            if status > 0:
                return RemoteTrouble(f"{self._target} did not run our commands (status {status}): {said}")
        if said:
            return ConnectionLost(f"the connection to {self._target} broke: {said.splitlines()[-1]}")
        return ConnectionLost(f"the connection to {self._target} broke")
