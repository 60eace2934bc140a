"""The small program that replaces the real one on the remote machine, and the functions that start it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.far_machine import FarMachine

PROGRAM = r"""#!/usr/bin/python3
import os, signal, subprocess, sys, time
from pathlib import Path
what, *rest = sys.argv[1:]
run = Path("runs/one"); run.mkdir(parents=True, exist_ok=True)
if what == "say":
    sys.stdout.write("to output\n"); sys.stderr.write("to error\n")
    sys.exit(int(rest[0]))
if what == "linger":  # until interrupted; with a child that ignores everything, in a session of its own
    subprocess.Popen(["setsid", "sh", "-c", "trap '' INT TERM HUP; while :; do sleep 0.1; done"])
    (run / "run.json").write_text("running")
    try:
        print("lingering", flush=True)
        while True:
            time.sleep(0.05)
    except KeyboardInterrupt:
        (run / "run.json").write_text("interrupted")
        sys.exit(130)
if what == "write":
    (run / "log").mkdir(exist_ok=True)
    (run / "log" / "empty").touch()
    (run / "log" / "größe mit leerzeichen.txt").write_text("ä" * 10)
    (run / "capture.pcapng").write_bytes(os.urandom(int(rest[0])))
    (run / "run.json").write_text("{}")
    Path("loose.txt").write_text("loose")
if what == "cat":
    print(Path(rest[0]).read_text())
if what == "flood":
    for number in range(20000):
        print(number, "x" * 100)
"""

Options = tuple[str | Path, ...]


def jobs(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "far/jobs").iterdir())


def begin_lingering(machine: FarMachine, options: Options, home: Path) -> subprocess.Popen[str]:
    process = machine.begin("linger", cwd=home, options=options)
    assert process.stdout is not None
    assert process.stdout.readline() == "lingering\n"
    assert len(machine.processes_there()) >= 3
    return process
