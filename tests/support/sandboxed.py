"""The start of tests as the first process of a sandbox, and what they need of a lab in it.

A test marked with `inside` is started there by its own file, with the test's name; that file ends with

    if __name__ == "__main__":
        run_body()

A failed assertion in it fails the test outside, with everything that it printed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from herzschlag.topo.catalog import two_networks
from herzschlag.topo.impairments.values import Impairment
from herzschlag.topo.sandbox.sandbox import Sandbox

DEADLINE_S = 30.0
Body = Callable[[], None]
BODIES: dict[str, Body] = {}
CHECKOUT = Path(__file__).resolve().parents[2]
SKIPPED = 77  # a body's exit status when the kernel lacks what it tests; its last words are the reason


def skip(reason: str) -> NoReturn:
    sys.stdout.write(reason)
    sys.exit(SKIPPED)


def run_body() -> None:
    BODIES[sys.argv[1]]()


def start_inside(file: str, name: str, output: Path | None, **options: Any) -> Sandbox:
    """Start a body of this file; what it prints goes into `output`, or where this process prints."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(output.open("wb")) if output else None
        argv = [sys.executable, file, name]
        return Sandbox.start(argv, env=environment, stdout=sink, stderr=sink, cwd=CHECKOUT, **options)


def inside(body: Body) -> Callable[[Path], None]:
    """A test whose body is the first process of a sandbox of its own."""
    BODIES[body.__name__] = body

    def test(tmp_path: Path) -> None:
        output = tmp_path / "output"
        code = start_inside(body.__code__.co_filename, body.__name__, output).wait(120)
        if code == SKIPPED:
            pytest.skip(output.read_text().strip())
        assert code == 0, output.read_text()

    test.__name__ = body.__name__
    test.__doc__ = body.__doc__
    return test


@contextlib.contextmanager
def switched_lab(hosts: int = 3, **options: Any) -> Iterator[Any]:
    """A lab whose switches forward by themselves: these tests need no controller."""
    from herzschlag.topo.lab.lab import Lab  # noqa: PLC0415 (Mininet: inside the sandbox only)

    with Lab(two_networks(hosts), **options) as lab:
        for network in lab.spec.networks:
            lab.switches.flows(network, "add-flow", "actions=NORMAL")
        yield lab


RECEIVER = """
import select, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 8182))
print("ready", flush=True)
count, waiting, left_s = 0, [s, sys.stdin], None
while ready := select.select(waiting, [], [], left_s)[0]:
    if s not in ready:  # the sender has ended: what is late comes soon
        waiting, left_s = [s], float(sys.argv[2])
        continue
    if s.recv(2000) == b"end": break
    count += 1
print(count)
"""
SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    s.sendto(b"x" * 900, (sys.argv[1], 8182))
    time.sleep(0.0005)  # the receiver's buffer holds some ninety of them
for _ in range(5): s.sendto(b"end", (sys.argv[1], 8182))
"""


def delivered(lab: Any, source: str, destination: str, network: str, count: int = 20) -> int:
    """How many of `count` UDP datagrams arrive."""
    address = lab.spec.address(destination, network)
    receiver = lab.popen(
        destination, [sys.executable, "-c", RECEIVER, address, "1.5"], stdin=subprocess.PIPE, text=True
    )
    try:
        assert receiver.stdout.readline() == "ready\n", receiver.stderr.read()
        sender = lab.popen(source, [sys.executable, "-c", SENDER, address, str(count)], text=True)
        _, errors = sender.communicate(timeout=DEADLINE_S)
        assert sender.returncode == 0, errors
        # Closes its input, and with that says that nothing more is sent: a sender takes its time to come up.
        return int(receiver.communicate(timeout=DEADLINE_S)[0])
    finally:
        receiver.kill()
        receiver.communicate()


def pings(lab: Any, source: str, destination: str, network: str) -> bool:
    address = lab.spec.address(destination, network)
    result = lab.popen(source, ["ping", "-c", "2", "-i", "0.01", "-W", "1", address])
    result.communicate(timeout=DEADLINE_S)
    return bool(result.returncode == 0)


def impair(lab: Any, node: str, **fields: Any) -> int:
    """Make exactly this impairment the node's from now on."""
    instant: int = lab.impairments.apply(lab.impairments.prepare({node: Impairment(**fields)}))
    return instant
