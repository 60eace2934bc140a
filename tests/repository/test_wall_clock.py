"""The places that read the wall clock, which may be set while a lab runs: few, and no timer or verdict needs them.

All instants of a run are those of the monotonic clock. A place that is new here must say why a step of the clock does
no harm.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("herzschlag", "agents", "topo", "controller")
WALL = {"time", "time_ns", "localtime", "gmtime", "strftime", "ctime", "now", "utcnow", "today", "CLOCK_REALTIME"}
ALLOWED = {
    "herzschlag/running/run_file.py": (2, "a folder's name; one that exists gets a number; the date on a report"),
    "herzschlag/cli/commands/bench.py": (1, "the date of a measurement"),
    "herzschlag/cli/commands/clean.py": (1, "how old a run is"),
    "herzschlag/remote/work.py": (1, "a folder's name, with random letters behind it"),
    "herzschlag/backends/mininet/capture.py": (1, "the difference of the clocks, once, when the run begins"),
    "topo/capture/recorder.py": (
        2,
        "how far the clock was set meanwhile, which packets' stamps are moved back by; the end",
    ),
    "agents/processes/tmpfs_store.py": (1, "a file's stamp, which grows by at least one whatever the clock says"),
}
"""How often, and why a step of the clock does no harm there."""


def readings(path: Path) -> int:
    """Uses of a wall clock of the modules time and datetime."""
    found = 0
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in WALL and isinstance(node.value, ast.Name):
            found += node.value.id in ("time", "datetime", "date")
        elif isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            found += sum(alias.name in WALL or node.module == "datetime" for alias in node.names)
    return found


def files() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    linked = [ROOT / "herzschlag" / folder for folder in FOLDERS[1:]]
    return [path for path in found if not any(path.is_relative_to(link) for link in linked)]


def test_only_these_places_read_the_wall_clock() -> None:
    found = Counter({path.relative_to(ROOT).as_posix(): readings(path) for path in files()})
    assert +found == {name: count for name, (count, _) in ALLOWED.items()}


def test_every_way_to_read_it_is_seen(tmp_path: Path) -> None:
    ways = (
        "import time\ntime.time()",
        "from time import time_ns",
        "from datetime import datetime",
        "import time\ntime.strftime('')",
    )
    for way in ways:
        (tmp_path / "x.py").write_text(way)
        assert readings(tmp_path / "x.py") == 1, way
    (tmp_path / "x.py").write_text("import time\ntime.monotonic_ns()\nrecord.time\n")
    assert readings(tmp_path / "x.py") == 0
