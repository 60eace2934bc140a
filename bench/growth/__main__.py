"""How the cost of a lab grows with its hosts: docs/growth.json, and its table and picture in docs/performance.md.

    python -m bench.growth [--hosts 3,16,32,64,96] [--speeds 1,10]    measure these labs; what is kept of others stays
    python -m bench.growth --draw                                     table and picture alone, from what is kept

One lab at a time, some 35 s each: up, everyone joined, ten seconds at rest. A busy machine shows in lateness first.
"""

from __future__ import annotations

import argparse
import sys

from bench.cluster import cluster
from bench.growth import kept, page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", default="3,16,32,64,96")
    parser.add_argument("--speeds", default="1,10")
    parser.add_argument("--draw", action="store_true")
    given = parser.parse_args()
    for speed in () if given.draw else map(float, given.speeds.split(",")):
        for hosts in map(int, given.hosts.split(",")):
            lab = kept.lab_of(hosts, speed, cluster(hosts, speed, 1))
            kept.write(kept.with_new(kept.read(), lab))
            sys.stdout.write(f"{page.row(lab)}\n")
            sys.stdout.flush()
    page.write(kept.read())


if __name__ == "__main__":
    main()
