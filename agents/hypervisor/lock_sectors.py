"""The disk sectors of locks, which are read whole and changed by test-and-set alone.

Of two hosts that change a sector at the same time one wins, and the other gets what the sector holds. `locks.py`
decides what to write and what an outcome means.
"""

from __future__ import annotations

from collections.abc import Callable

from herzschlag.agents.datastore import layout
from herzschlag.agents.datastore.layout import DamagedRecord, LockRecord
from herzschlag.agents.datastore.requests import SECTOR, Outcome, Read, TestAndSet
from herzschlag.agents.hypervisor.api import HypervisorSettings
from herzschlag.agents.hypervisor.io_engine import HostIo

Sector = tuple[str, str]
"""Datastore and path of the file whose first sector is the lock."""
Then = Callable[[Outcome], None]
Withdrawn = Callable[[], None]
"""Called instead when the datastore hangs and the request was withdrawn: it may have been carried out or not."""


class LockSectors:
    def __init__(self, settings: HypervisorSettings, io: HostIo) -> None:
        self._io = io
        self._owner = (settings.moid, settings.boot)

    def read(self, at: Sector, then: Then, withdrawn: Withdrawn) -> None:
        self._io.submit(Read(self._io.request(), *at, offset=0, length=SECTOR), then, withdrawn)

    def test_and_set(self, at: Sector, expected: bytes, record: LockRecord, then: Then, withdrawn: Withdrawn) -> None:
        """Write `record` if the sector holds `expected`."""
        number, data = self._io.request(), layout.encode_lock(record)
        self._io.submit(TestAndSet(number, *at, offset=0, expected=expected, data=data), then, withdrawn)

    def ours(self, data: bytes) -> LockRecord | None:
        """The record, if it says that this boot of this host holds the lock."""
        record = held_record(data)
        return record if record is not None and (record.owner, record.owner_boot) == self._owner else None


def held_record(data: bytes) -> LockRecord | None:
    """The record, if any host holds the lock. A damaged record does not count as held."""
    try:
        record = layout.decode_lock(data)
    except DamagedRecord:
        return None
    return record if record is not None and record.held else None


def owner_in(data: bytes) -> str:
    """The host that holds the lock; empty: none does."""
    record = held_record(data)
    return record.owner if record is not None else ""
