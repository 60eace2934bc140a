"""tshark with our dissector, for tests: the fields that it reads in a capture."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from herzschlag.packets.dissector import dissector

needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is missing: sudo apt-get install tshark (make test does)"
)
TROUBLE = ("herzschlag.malformed", "_ws.malformed", "_ws.lua.error", "_ws.malformed.dissector_bug")
"""The fields that must be empty for a valid datagram. The last two must be empty for any bytes whatever."""


def tshark(capture: Path, *options: str, key: str = "") -> str:
    """The output of tshark. The test fails if tshark fails, or prints anything about Lua."""
    script = capture.with_name("herzschlag.lua")
    script.write_text(dissector(), encoding="utf-8")
    command = ["tshark", "-X", f"lua_script:{script}", "-r", str(capture)]
    if key:
        command += ["-o", f"herzschlag.key:{key}"]
    elsewhere = {**os.environ, "HOME": str(capture.parent)}  # a home in which no dissector is installed
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=300, check=False, env=elsewhere)
    assert done.returncode == 0, done.stderr
    assert "Lua" not in done.stderr, done.stderr
    return done.stdout


def fields(capture: Path, *names: str, filtered: str = "", key: str = "") -> list[list[str]]:
    """One row a packet, one text a field; several values of a field are joined by commas."""
    options = ["-T", "fields", *(word for name in names for word in ("-e", name))]
    if filtered:
        options += ["-Y", filtered]
    return [line.split("\t") for line in tshark(capture, *options, key=key).splitlines()]
