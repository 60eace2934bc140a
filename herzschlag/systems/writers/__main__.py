"""`python -m herzschlag.systems.writers redis|etcd|postgresql write|read|lead ADDRESS HOST`, in a host of the lab."""

from __future__ import annotations

import sys
from collections.abc import Callable

from herzschlag.systems.writers import etcd, postgresql, redis
from herzschlag.systems.writers.writing import Client, read, write

SYSTEMS: dict[str, Callable[[str], Client]] = {
    "redis": redis.Client,
    "etcd": etcd.Client,
    "postgresql": postgresql.Client,
}

if __name__ == "__main__":
    kind, what, address, host = sys.argv[1:]
    client = SYSTEMS[kind](address)
    if what == "lead":
        assert isinstance(client, etcd.Client), "only etcd can be told who leads"
        client.lead(host)
    elif what == "read":
        read(client)
    else:
        write(client, host)
