"""Which modules are compiled: where the time of a simulated run goes.

Left out are values (msgspec has compiled those already, and mypyc drops the options of their classes), everything that
talks to a system, and what runs once a run.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of `herzschlag`."""
FOLDERS = ("agents/ha", "agents/hypervisor")
VALUES = ("__init__", "api")
SINGLE = (
    "agents/core",
    "agents/vcenter/picture",
    "agents/vcenter/vcenter",
    "agents/datastore/memory_store",
    *(
        f"backends/simulation/{name}"
        for name in ("disturbances", "host", "network", "node", "process", "queue", "slow_io", "vcenter")
    ),
)


def module_paths(package: Path = PACKAGE) -> list[str]:
    """Paths inside the package, without `.py`, in an order that does not change."""
    found = [
        path.relative_to(package).with_suffix("").as_posix()
        for folder in FOLDERS
        for path in sorted((package / folder).rglob("*.py"))
        if path.stem not in VALUES
    ]
    return [*found, *SINGLE]


def module_names(package: Path = PACKAGE) -> list[str]:
    return [f"herzschlag.{path.replace('/', '.')}" for path in module_paths(package)]
