"""How bad lines must be before a healthy cluster fails over falsely: docs/bad-lines.md and its pictures.

    python -m bench.lines [--runs 200]              the page, from runs in virtual time and what is kept of real packets
    python -m bench.lines --packets [SWEEP ...]     real packets: docs/bad-lines.json, some five minutes a sweep

Seeds are fixed, so virtual time gives the same page on every machine but for its date.
"""

from __future__ import annotations

import argparse

from bench.lines import kept, page
from bench.lines.play import play_all_on_packets
from bench.lines.sweeps import SWEEPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=page.RUNS, help="a cell of the sweeps where the seed decides much")
    parser.add_argument(
        "--packets", nargs="*", metavar="SWEEP", choices=[name for name, sweep in SWEEPS.items() if sweep.points]
    )
    parser.add_argument("--missing", action="store_true", help="with --packets: only runs that are not kept yet")
    parser.add_argument("--jobs", type=int, default=2, help="labs at once, with --packets")
    given = parser.parse_args()
    if given.packets is None:
        page.write(given.runs)
    else:
        cells = kept.wanted_cells(given.packets or SWEEPS)
        for one in play_all_on_packets(kept.missing(cells) if given.missing else cells, given.jobs):
            kept.add([one])


if __name__ == "__main__":
    main()
