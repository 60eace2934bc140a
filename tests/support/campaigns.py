"""Campaigns for tests: files, the command in a process of its own, and what its directory has."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from herzschlag.campaign.folder import Folder
from herzschlag.campaign.matrix import load_campaign
from herzschlag.campaign.parcel import unpack
from herzschlag.campaign.work import order_of, play

LONG = """
name = "long"
title = "A cut in a long run, so that a worker has it for a while"
settle_s = {settle_s}
[cluster]
hosts = 3
phases = "spread"
[[steps]]
at_s = 5
for_s = 20
fault = "isolate"
host = "host-98"
"""
"""Half a second or so of a processor in virtual time."""


def campaign_file(folder: Path, number: int, *, settle_s: int = 600) -> Path:
    """A campaign of `number` long runs."""
    (folder / "long.toml").write_text(LONG.format(settle_s=settle_s))
    path = folder / "many.toml"
    path.write_text(
        f'name = "many"\n[[matrix]]\nscenarios = ["./long.toml"]\nbackends = ["simulation"]\nseeds = "0-{number - 1}"\n'
    )
    return path


@contextlib.contextmanager
def running(file: Path, out: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, killed at the end if it still runs; what it prints is in `output.txt` beside the file."""
    command = [sys.executable, "-m", "herzschlag", "campaign", str(file), "--out", str(out), *arguments]
    with (file.parent / "output.txt").open("ab") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def complete(out: Path) -> dict[str, tuple[int, int]]:
    """Names of the runs that are in the directory, each with what changes when it is written again."""
    found = {}
    for path in out.glob("[!.]*/run.json"):
        status = path.stat()
        found[path.parent.name] = (status.st_ino, status.st_mtime_ns)
    return found


def deliveries(out: Path) -> dict[str, dict[str, Any]]:
    return {path.parents[1].name: json.loads(path.read_text()) for path in out.glob("[!.]*/log/delivery.json")}


def undisturbed(file: Path, folder: Path, number: int | None = None) -> dict[str, str]:
    """The digest of the history of each run, or of the first ones, played here without any cluster."""
    campaign = load_campaign(file)
    found = {}
    for cell in campaign.cells[:number]:
        played = Folder(folder, campaign).store(cell, unpack(play(order_of(cell, campaign), folder / "place", "here")))
        found[cell.name] = played.delivery.history_sha256
    return found
