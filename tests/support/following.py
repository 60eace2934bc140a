"""A run of the program, followed while it goes on: what happens in it, as lines of text."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from herzschlag.backends.many import ONE_RUN
from herzschlag.history.words import line
from herzschlag.running.one import OneRun
from herzschlag.running.progress import Reader

POLL_S = 0.005


def start(scenario: str, directory: Path, speed: float, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """One run on real packets, as a batch starts it; its progress can be followed."""
    one = OneRun(scenario=scenario, source=scenario, backend="mininet", speed=speed, seed=0, into=str(directory))
    return subprocess.Popen(
        [sys.executable, "-m", ONE_RUN, *one.words()],
        env=environment,
        stdin=subprocess.PIPE,  # the run ends when it closes
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def follow(process: subprocess.Popen[bytes], directory: Path) -> Iterator[str]:
    """Every record that is told, until the run has ended."""
    reader, ended = Reader(directory), False
    while not ended:
        ended = process.poll() is not None
        yield from map(line, reader.read())
        time.sleep(POLL_S)
    assert process.stdin is not None
    process.stdin.close()
