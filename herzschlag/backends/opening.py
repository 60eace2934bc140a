"""The opening of a session: the backend for a name."""

from __future__ import annotations

from herzschlag.backends.base import Session
from herzschlag.backends.names import BackendName
from herzschlag.scenarios.plan import Plan


def open_session(backend: BackendName, plan: Plan) -> Session:
    """Make the backend's session. Only now the backend is imported, so a missing Mininet breaks no simulation."""
    if backend == "simulation":
        from herzschlag.backends.simulation import SimulationSession  # noqa: PLC0415

        return SimulationSession(plan)
    from herzschlag.backends.mininet.session import MininetSession  # noqa: PLC0415

    return MininetSession(plan)
