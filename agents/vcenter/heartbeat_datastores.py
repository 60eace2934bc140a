"""Heartbeat datastores: vCenter's choice for each host.

This module decides by the order of fact sheet 5 [WP50] [PAT]: seen by most hosts, VMFS before NFS, then by name, for a
stable choice. Only datastores that more than one host sees are feasible [API-HB]. Not site-aware, as the original.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from herzschlag.agents.settings import DatastoreConfig


def select_heartbeat_datastores(
    datastores: Sequence[DatastoreConfig],
    reach: Mapping[str, Sequence[str]],
    per_host: int,
    allowed: Sequence[str] | None = None,
) -> dict[str, tuple[str, ...]]:
    """MOID to at most `per_host` datastores. `reach`: MOID to the datastores it reaches; `allowed`: the user's list,
    None for all; an empty list switches datastore heartbeats off (userSelectedDs)."""
    seen = {d.name: sum(d.name in names for names in reach.values()) for d in datastores}
    ranked = sorted(datastores, key=lambda d: (-seen[d.name], d.kind != "vmfs", d.name))
    feasible = [d.name for d in ranked if seen[d.name] > 1 and (allowed is None or d.name in allowed)]
    return {moid: tuple(name for name in feasible if name in names)[:per_host] for moid, names in reach.items()}
