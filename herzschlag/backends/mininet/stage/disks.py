"""Disks of VMs as the stage reads them when a run ends: what cannot be read leaves no record.

Whatever runs in a lab can put anything at a disk's path, and the stage reads as root of the sandbox. A disk that is not
a regular file, or longer than any VM of ours writes, leaves no record; the checkers say `unknown` then. This module
decides that alone; `agents/datastore/disk_evidence.py` reads the bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.disk_evidence import DISK_BYTES_MAX, disk_records
from herzschlag.agents.processes.regular_files import blocks_of, folder_at, trouble
from herzschlag.agents.records import Disk


def read_disk_file(root: Path, datastore: str, vm: str) -> list[Disk]:
    """The records that a VM's disk gives; none where it cannot be read, with a line in the stage's log."""
    path = layout.disk_path(vm)
    try:
        with folder_at(root) as folder:
            return disk_records(datastore, blocks_of(folder, path, DISK_BYTES_MAX))
    except FileNotFoundError:
        return []
    except OSError as error:
        sys.stderr.write(f"{datastore}/{path} was not read: {trouble(error)} ({error})\n")
        sys.stderr.flush()
        return []
