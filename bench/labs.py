"""How many labs at once, and how fast: a table and a picture of docs/performance.md, by `herzschlag bench fidelity`.

python -m bench.labs            measures (ten minutes, on a machine that does nothing else)
python -m bench.labs FILE       draws what was measured before: the fidelity.json of that command
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from bench.evidence.pages import put
from bench.evidence.runs import machine
from herzschlag.fidelity.kept import Measured
from herzschlag.fidelity.page import allowed_ms, drawn, lasting
from herzschlag.history.records import write_whole

ROOT = Path(__file__).resolve().parents[1]
PAGE, PICTURE = ROOT / "docs/performance.md", ROOT / "docs/pictures/labs.svg"
PART = "bench/labs"
HEAD = (
    "| Speed | Labs at once | Runs | Runs an hour | Latest timer, ms | May be | Median of the runs | Other verdicts |\n"
    "|---:|---:|---:|---:|---:|---:|---:|---:|\n"
)


def table(measured: Measured, where: str) -> str:
    rows = [
        f"| {one.load.speed:g} | {one.load.labs} | {one.runs} | {one.runs_an_hour:.0f} | {one.late_ms:.0f} |"
        f" {allowed_ms(one.load.speed):.0f} | {one.late_median_ms:.0f} | {len(one.changed)} |\n"
        for one in lasting(measured.tried)
    ]
    return f"{HEAD}{''.join(rows)}\nMeasured on {where}, {measured.date}.\n"


def main() -> None:
    if len(sys.argv) > 1:
        content = Path(sys.argv[1]).read_bytes()
    else:
        command = [sys.executable, "-m", "herzschlag", "bench", "fidelity", "--json", "--out", str(ROOT / "build/labs")]
        content = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    measured = msgspec.json.decode(content, type=Measured)
    put(PAGE, PART, table(measured, machine()))
    write_whole(PICTURE, drawn(measured.tried).encode())


if __name__ == "__main__":
    main()
