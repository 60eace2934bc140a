"""The opening of a session: the backend for a name."""

from __future__ import annotations

from herzschlag.backends.base import Session
from herzschlag.backends.names import BACKENDS, BackendName
from herzschlag.scenarios.plan import Plan
from herzschlag.wrong_input import InputError, nearest


def open_session(backend: BackendName, plan: Plan) -> Session:
    """Make the backend's session. Only now the backend is imported, so a missing Mininet breaks no simulation. Raises
    InputError for any other name: a misspelt `simulation` must not bring up a lab."""
    if backend not in BACKENDS:
        raise InputError("backend", f"{backend!r} is not a backend: {nearest(str(backend), BACKENDS)}")
    if backend == "simulation":
        if plan.system is not None:
            raise InputError(
                "backend",
                f"the simulation runs the modelled agents, not the programs of {plan.system.name}, whose timers and"
                " sockets are real: use --backend mininet",
            )
        from herzschlag.backends.simulation import SimulationSession  # noqa: PLC0415

        return SimulationSession(plan)
    from herzschlag.backends.mininet.session import MininetSession  # noqa: PLC0415
    from herzschlag.backends.mininet.turns import Turn  # noqa: PLC0415

    turn = Turn.wait()  # before the run's clock begins
    return MininetSession(plan, turn)
