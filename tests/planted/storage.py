"""Planted faults of the hypervisor: locks, datastore heartbeats, files, VMs and their processes."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tests.planted.plant import Planted, nothing


def _without_watching(judge: Any) -> Any:
    return lambda self, stamp, since_ns: self._end("gone", "nobody looked")


def _blind_to_movement(look: Any) -> Any:
    """It counts from the first look ever, whatever has moved since."""

    def broken(self: Any, datastore: str, owner: str, stamp: int, now_ns: int) -> int:
        since_ns: int = self._seen.setdefault((datastore, owner), (stamp, now_ns))[1]
        return since_ns

    return broken


def _theft_unnoticed(ours: Any) -> Any:
    def broken(self: Any, lock: Any, outcome: Any, surely: bool = True) -> None:
        lock.verifying = False
        self.on_verified(lock.holder)

    return broken


def _whatever_it_holds(test_and_set: Any) -> Any:
    """The write is not carried out, but counts as if it was."""

    def broken(self: Any, *request: Any) -> None:
        *question, then, withdrawn = request

        def won(outcome: Any) -> None:
            then(replace(outcome, status="ok") if outcome.status == "mismatch" else outcome)

        test_and_set(self, *question, won, withdrawn)

    return broken


def _no_release(changed: Any) -> Any:
    def broken(self: Any, key: Any, before: str, after: str, *rest: Any, **more: int) -> None:
        if after != "free":
            changed(self, key, before, after, *rest, **more)

    return broken


def _without_lock(locked: Any) -> Any:
    return lambda self, vm, held, because: locked(self, vm, True, because)


def _lock_kept(ended: Any) -> Any:
    """The process is gone, the lock stays."""

    def broken(self: Any, vm: Any, because: str) -> None:
        release, self._locks.release = self._locks.release, lambda datastore, path: None
        try:
            ended(self, vm, because)
        finally:
            self._locks.release = release

    return broken


def _always_moving(seen: Any) -> Any:
    def broken(self: Any, stamp: int | None, looked: bool) -> None:
        if stamp is not None:
            self._stamp = None  # So that it differs from what is seen now.
        seen(self, stamp, looked)

    return broken


def _free_is_owned(owner: Any) -> Any:
    def broken(self: Any, key: Any, boot: int, name: str, lost: bool = False) -> None:
        owner(self, key, boot, name or "somebody", lost)

    return broken


def _first_reading_for_ever(was_read: Any) -> Any:
    """A cache that is never emptied."""
    first: dict[tuple[int, Any], Any] = {}

    def broken(self: Any, key: Any, boot: int, outcome: Any) -> None:
        if key[1].endswith("-poweron") and outcome.status == "ok":
            outcome = first.setdefault((id(self), key), outcome)
        was_read(self, key, boot, outcome)

    return broken


def _writes_on(stun: Any) -> Any:
    """A write that hung is simply repeated, without asking whose lock it is now."""

    def broken(self: Any, because: str) -> Any:
        return self._write(self._limit_at_ns)

    return broken


def _deaf_guest(command: Any) -> Any:
    return lambda self, event, now_ns: [] if event.command == "shutdown" else command(self, event, now_ns)


FAULTS = (
    Planted(
        name="lock broken without watching",
        core="hypervisor/owner_watch",
        broken="breaks a foreign lock without watching its owner's slot",
        place="herzschlag.agents.hypervisor.owner_watch.OwnerWatch._judge",
        patch=_without_watching,
        scenario="case-20",
        checker="lock-holders",
        says="still did and could act",
    ),
    Planted(
        name="movement not noticed",
        core="hypervisor/disk_heartbeats",
        broken="counts stillness from its first look, though the heartbeat moves",
        place="herzschlag.agents.hypervisor.disk_heartbeats.Stillness.look",
        patch=_blind_to_movement,
        scenario="case-20",
        checker="lock-holders",
        says="still did and could act",
    ),
    Planted(
        name="theft unnoticed",
        core="hypervisor/locks",
        broken="does not notice that its lock was broken while it was cut off",
        place="herzschlag.agents.hypervisor.locks.LockManager._verified",
        patch=_theft_unnoticed,
        scenario="case-25",
        checker="one-writer",
        says="both wrote to its disk",
    ),
    Planted(
        name="test-and-set without the test",
        core="hypervisor/lock_sectors",
        broken="takes a lock for its own though another host was faster",
        place="herzschlag.agents.hypervisor.lock_sectors.LockSectors.test_and_set",
        patch=_whatever_it_holds,
        scenario="case-21",
        checker="lock-holders",
        says="held it",
    ),
    Planted(
        name="releases unrecorded",
        core="hypervisor/lock_trace",
        broken="does not record that it releases a lock",
        place="herzschlag.agents.hypervisor.lock_trace.LockTrace.changed",
        patch=_no_release,
        scenario="isolation",
        checker="lock-holders",
        says="held it",
    ),
    Planted(
        name="nfs locks not renewed",
        core="hypervisor/locks",
        broken="lets its locks on NFS grow stale",
        place="herzschlag.agents.hypervisor.locks.LockManager._plan_renewal",
        patch=nothing,
        scenario="long-split",
        checker="lock-holders",
        says="nfs-1/.vSphere-HA/lab/protectedlist: host-98 held it",
    ),
    Planted(
        name="slot not written",
        core="hypervisor/disk_heartbeats",
        broken="stops writing its heartbeat slots once it has claimed them",
        place="herzschlag.agents.hypervisor.disk_heartbeats.SlotWriter._write",
        patch=nothing,
        scenario="case-06",
        checker="belief",
        says="its storage shows it alive",
    ),
    Planted(
        name="nfs heartbeat not touched",
        core="hypervisor/disk_heartbeats",
        broken="does not touch its heartbeat file on NFS",
        place="herzschlag.agents.hypervisor.disk_heartbeats.NfsPulse.touch",
        patch=nothing,
        scenario="cut-with-nfs",
        checker="belief",
        says="its storage shows it alive",
    ),
    Planted(
        name="dead slots move",
        core="hypervisor/disk_heartbeats",
        broken="reports every look at a foreign heartbeat as a movement",
        place="herzschlag.agents.hypervisor.disk_heartbeats.HeartbeatWatch._seen",
        patch=_always_moving,
        scenario="slave-failure",
        checker="belief",
        says="it has no power: hostDown is right",
    ),
    Planted(
        name="loss not noticed",
        core="hypervisor/io_engine",
        broken="does not notice that a datastore is lost",
        place="herzschlag.agents.hypervisor.io_engine.HostIo._change",
        patch=nothing,
        scenario="case-29",
        checker="storage-loss",
        says="the host had not noticed",
    ),
    Planted(
        name="started without lock",
        core="hypervisor/vms",
        broken="starts a VM whose lock it was denied",
        place="herzschlag.agents.hypervisor.vms.Vms._locked",
        patch=_without_lock,
        scenario="case-31@locks-hold",
        checker="one-writer",
        says="both wrote to its disk",
    ),
    Planted(
        name="lock kept by the dead",
        core="hypervisor/vms",
        broken="keeps the lock of a VM that it has stopped",
        place="herzschlag.agents.hypervisor.vms.Vms._ended",
        patch=_lock_kept,
        scenario="isolation",
        checker="vms-run",
        says="runs nowhere at the end",
    ),
    Planted(
        name="free is owned",
        core="hypervisor/files",
        broken="says of a free lock that a host holds it",
        place="herzschlag.agents.hypervisor.files.Files._owner",
        patch=_free_is_owned,
        scenario="case-11@silent",
        checker="response-owned",
        says="while nobody owned",
    ),
    Planted(
        name="poweron file not re-read",
        core="hypervisor/files",
        broken="answers with what it read of a poweron file the first time",
        place="herzschlag.agents.hypervisor.files.Files._was_read",
        patch=_first_reading_for_ever,
        scenario="isolation",
        checker="vms-run",
        says="runs nowhere at the end",
    ),
    Planted(
        name="no watchdog",
        core="hypervisor/hypervisor",
        broken="does not start a dead agent again",
        place="herzschlag.agents.hypervisor.hypervisor.Hypervisor._plan_restart",
        patch=nothing,
        scenario="case-32@watchdog",
        checker="expectations",
        says="no other opinion of the host",
    ),
    Planted(
        name="writes without asking",
        core="hypervisor/vm",
        broken="repeats a write that hung, even if another host has the lock by now",
        place="herzschlag.agents.hypervisor.vm.Vm._stun",
        patch=_writes_on,
        scenario="case-25",
        checker="one-writer",
        says="both wrote to its disk",
    ),
    Planted(
        name="deaf guest",
        core="hypervisor/vm",
        broken="does not shut down when it is asked to",
        place="herzschlag.agents.hypervisor.vm.Vm._command",
        patch=_deaf_guest,
        scenario="case-08",
        checker="guest-care",
        says="its guest was asked to shut down",
    ),
)
