"""Processes of a run of the program, found by a mark in their environment, and by what each of them is."""

from __future__ import annotations

from pathlib import Path

MARK = "HERZSCHLAG_MARKED_TEST"
"""Environment variable: all processes of a run inherit it."""
SUFFIXES = {"-fdm": "agent", "-hv": "hypervisor"}
MODULES = {
    "herzschlag.topo.sandbox.launcher": "launcher",
    "herzschlag.topo.lab.spawner": "spawner",
    "herzschlag.topo.capture.recorder": "recorder",
    "herzschlag.backends.mininet.stage": "stage",
    "herzschlag.controller": "controller",
    "herzschlag.topo.impairments.relaying": "relay",
}


def processes(mark: str) -> dict[int, str]:
    """Living processes that carry the mark in their environment, with what they are."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if f"{MARK}={mark}".encode() not in (folder / "environ").read_bytes():
                continue
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            name = (folder / "comm").read_text().strip()
        except OSError:
            continue
        found[int(folder.name)] = kind_of(name, words)
    return found


def kind_of(name: str, words: str) -> str:
    for part in ("ovs-vswitchd", "ovsdb-server"):
        if part in words:
            return part
    for module, kind in MODULES.items():
        if f"-m {module} " in words:
            return kind
    for suffix, kind in SUFFIXES.items():
        if name.endswith(suffix):
            return kind
    if name in ("zygote", "vcenter"):
        return name
    if name.startswith("vm-"):
        return "VM"
    if name == "sleep":
        return "node"
    return "command" if "herzschlag run" in words else "other"
