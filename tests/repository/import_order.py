"""The order of folders: who may import whom, and which libraries each folder may use. `test_imports.py` keeps it."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

# The standard library's modules that neither see the world (clock, files, sockets, environment) nor change it.
# `random` is here for `random.Random`, seeded and handed in; its module-level functions are refused below.
PURE = {
    *(
        "__future__",
        "abc",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "difflib",
    ),
    *(
        "enum",
        "fnmatch",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "ipaddress",
        "itertools",
        "json",
    ),
    *(
        "keyword",
        "math",
        "operator",
        "random",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "zlib",
    ),
}
ANY = set(sys.stdlib_module_names)


class Place(NamedTuple):
    """A folder, or a file at the top of a package, with what it may import besides the places of the lines above."""

    path: str  # without ".py"; a folder ends with "/"
    world: set[str]  # modules that are not of this project
    beyond: tuple[str, ...] = ()  # places of the other packages

    def holds(self, path: str) -> bool:
        return path.startswith(self.path) if self.path.endswith("/") else path == f"{self.path}.py"


VALUES = PURE | {"msgspec"}
SYSTEM = ANY | {"msgspec"}
AGENTS = (
    "agents/settings",
    "agents/states",
    "agents/clock",
    "agents/records/",
    "agents/protocol/",
    "agents/datastore/",
)
CORES = (*AGENTS, "agents/core", "agents/ha/", "agents/hypervisor/", "agents/vcenter/")
TOPO = (
    "topo/errors",
    "topo/spec",
    "topo/catalog",
    *("topo/impairments/values", "topo/impairments/fate", "topo/impairments/course", "topo/impairments/line"),
)
"""What is pure of `topo`, and read on every machine."""

# A place may import itself and every place of the lines above it, never a neighbour in its own line. The first place
# that holds a file is the file's.
ORDER: dict[str, tuple[tuple[Place, ...], ...]] = {
    "agents": (
        (
            Place("agents/__init__", VALUES),
            Place("agents/states", VALUES),
            Place("agents/clock", VALUES),
            Place("agents/core", VALUES),
        ),
        (Place("agents/settings", VALUES), Place("agents/records/", VALUES)),
        (Place("agents/protocol/", VALUES),),
        (Place("agents/datastore/", VALUES),),
        (Place("agents/ha/", VALUES), Place("agents/hypervisor/", VALUES), Place("agents/vcenter/", VALUES)),
        (Place("agents/processes/", SYSTEM),),
    ),
    "topo": (
        (
            Place("topo/__init__", VALUES),
            Place("topo/errors", VALUES),
            Place("topo/environment", SYSTEM),
            Place("topo/confinement", SYSTEM),
        ),
        (Place("topo/spec", VALUES), Place("topo/requirements", VALUES), Place("topo/processes/", SYSTEM)),
        (Place("topo/catalog", VALUES),),
        (Place("topo/kernel/", SYSTEM | {"pyroute2"}), Place("topo/impairments/values", VALUES)),
        (
            Place("topo/sandbox/", SYSTEM),
            Place("topo/mininet/", SYSTEM | {"mininet"}),
            Place("topo/impairments/filters", VALUES),
            Place("topo/impairments/queues", VALUES),
            Place("topo/impairments/fate", VALUES),
            Place("topo/impairments/course", VALUES),
            Place("topo/capture/", SYSTEM),
        ),
        (Place("topo/impairments/line", VALUES),),
        (Place("topo/impairments/relay_messages", VALUES),),
        (Place("topo/impairments/", SYSTEM | {"pyroute2"}),),
        (Place("topo/lab/", SYSTEM),),
    ),
    "controller": (
        (Place("controller/messages", VALUES), Place("controller/frameworks", SYSTEM)),
        (Place("controller/links", VALUES), Place("controller/client", SYSTEM)),
        (Place("controller/__init__", SYSTEM),),
        (Place("controller/", SYSTEM | {"ryu", "os_ken", "eventlet"}),),
    ),
    "herzschlag": (
        (
            Place("herzschlag/errors", PURE),
            Place("herzschlag/exit_status", VALUES),
            Place("herzschlag/curves/", PURE | {"xml"}),
            Place("herzschlag/sources/", SYSTEM),
            Place("herzschlag/languages/", SYSTEM | {"typer"}),
        ),
        (
            Place("herzschlag/extensions", SYSTEM),
            Place("herzschlag/failure", SYSTEM),
            Place("herzschlag/compiled/", ANY),
        ),
        (Place("herzschlag/wrong_input", VALUES),),
        (Place("herzschlag/history/", SYSTEM, AGENTS),),
        (Place("herzschlag/faults/", VALUES, TOPO), Place("herzschlag/systems/", SYSTEM, (*AGENTS, *TOPO))),
        (Place("herzschlag/scenarios/", SYSTEM | {"tomli_w"}, (*CORES, *TOPO)),),
        (
            Place("herzschlag/checkers/", VALUES, (*AGENTS, *TOPO)),
            Place("herzschlag/backends/names", VALUES),
        ),
        (Place("herzschlag/backends/base", SYSTEM),),
        (
            Place("herzschlag/backends/simulation/", VALUES, (*CORES, *TOPO)),
            Place(
                "herzschlag/backends/mininet/stage/",
                SYSTEM,
                (*CORES, "agents/processes/", "topo/", "controller/messages", "controller/client"),
            ),
        ),
        (
            Place("herzschlag/backends/mininet/", SYSTEM, (*AGENTS, "topo/", "controller/__init__")),
            Place("herzschlag/backends/reuse", VALUES),
        ),
        (Place("herzschlag/backends/", SYSTEM, ("topo/processes/", "controller/__init__")),),
        (Place("herzschlag/running/run_file", SYSTEM), Place("herzschlag/running/held", SYSTEM)),
        (Place("herzschlag/running/which_run", SYSTEM),),
        (Place("herzschlag/packets/", SYSTEM | {"typer", "rich"}, (*AGENTS, *TOPO, "topo/capture/")),),
        (Place("herzschlag/running/", SYSTEM, (*TOPO, "topo/capture/", "topo/processes/")),),
        (Place("herzschlag/by_hand/", SYSTEM, (*AGENTS, *TOPO)),),
        (
            Place("herzschlag/cluster", SYSTEM, TOPO),
            Place("herzschlag/report/", SYSTEM | {"plotly", "rich", "typer"}, TOPO),
            Place("herzschlag/compare/", SYSTEM | {"typer", "rich"}),
            Place("herzschlag/exploration/", SYSTEM | {"hypothesis"}, TOPO),
        ),
        (
            Place(
                "herzschlag/live/",
                SYSTEM | {"starlette", "uvicorn", "typer", "rich"},
                (*AGENTS, *TOPO, "topo/capture/"),
            ),
            Place("herzschlag/shell/", SYSTEM | {"typer", "rich"}, ("topo/",)),
            Place("herzschlag/remote/", SYSTEM | {"paramiko", "typer"}),
            Place("herzschlag/terminal/", SYSTEM | {"rich"}, TOPO),
            Place("herzschlag/pictures/", SYSTEM | {"typer", "svglib", "reportlab"}, (*AGENTS, *TOPO)),
            Place(
                "herzschlag/doctor/",
                ANY,
                ("controller/frameworks", "topo/requirements", "topo/environment", "topo/confinement"),
            ),
        ),
        (Place("herzschlag/fidelity/", SYSTEM, TOPO),),
        (Place("herzschlag/lesson/", SYSTEM | {"starlette", "typer"}, TOPO),),
        (Place("herzschlag/campaign/matrix", SYSTEM | {"tomli_w"}, TOPO), Place("herzschlag/campaign/parcel", SYSTEM)),
        (Place("herzschlag/campaign/work", SYSTEM, TOPO),),
        (Place("herzschlag/campaign/crew", SYSTEM | {"dask", "distributed"}),),
        (Place("herzschlag/campaign/", SYSTEM | {"rich", "typer"}),),
        (Place("herzschlag/__init__", ANY),),
        (Place("herzschlag/plugin/", SYSTEM | {"pytest"}, ("topo/capture/", "topo/spec", "agents/settings")),),
        (Place("herzschlag/cli/", SYSTEM | {"typer", "rich", "click"}, ("topo/spec",)),),
        (Place("herzschlag/__main__", VALUES),),
    ),
}
PLACES = tuple(place for lines in ORDER.values() for line in lines for place in line)

# Imported inside functions only, so that a machine without Mininet still simulates, checks and reports.
LAZY = re.compile(
    r"herzschlag\.(backends\.mininet\b|topo\.(lab|sandbox|mininet)\b|controller\.(app|client)\b|controller$)"
)
EAGER = ("herzschlag/backends/mininet/", "herzschlag/shell/", "topo/", "controller/")
