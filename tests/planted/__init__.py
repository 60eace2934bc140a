"""Agents broken on purpose, and the proof that a checker sees each of them."""

from tests.planted import agents, isolation, masters, storage, vcenter
from tests.planted.plant import Planted

FAULTS: tuple[Planted, ...] = (*agents.FAULTS, *isolation.FAULTS, *masters.FAULTS, *storage.FAULTS, *vcenter.FAULTS)
