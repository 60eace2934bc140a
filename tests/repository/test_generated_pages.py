"""Generated pages match the present code: an outdated table would mislead its readers."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("script", sorted(p.name for p in (ROOT / "docs/generate").glob("*.py")))
def test_generated_page_is_up_to_date(script: str) -> None:
    done = subprocess.run([sys.executable, "-P", ROOT / "docs/generate" / script, "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, f"the page of docs/generate/{script} is not what the code says: run `make docs`"
