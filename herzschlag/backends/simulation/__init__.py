"""The simulation backend: the same cores in virtual time, in one process, without a clock, a thread or a socket."""

from herzschlag.backends.simulation.lab import SimCluster
from herzschlag.backends.simulation.session import SimulationSession

__all__ = ["SimCluster", "SimulationSession"]
