"""What `import herzschlag` costs and shows in a process of its own, and what the program says of its version."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import herzschlag

ROOT = Path(__file__).parents[2]
ASK = """
import json, sys
before = set(sys.modules)
import herzschlag
names = [name for name in vars(herzschlag) if not name.startswith("_")]
new = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
print(json.dumps({"public": names, "dir": dir(herzschlag), "new": new, "version": herzschlag.__version__}))
"""


def test_importing_it_imports_nothing_and_shows_nothing_else() -> None:
    """Every process of a lab imports the package, and the doctor does on a machine without msgspec."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", ASK], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["public"] == []
    assert told["dir"] == sorted(herzschlag.__all__)
    assert set(told["new"]) <= {"herzschlag", *sys.stdlib_module_names}
    assert told["version"] == herzschlag.__version__


def test_the_program_says_the_version() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "herzschlag", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stdout == f"herzschlag {herzschlag.__version__} (cores: plain Python; HERZSCHLAG_PURE is set)\n"
