"""How much of what a node flooded was swallowed by each cut.

A packet that is flooded matches the flood rule of its source, whose outputs leave out every node that is cut from it.
So a cut swallows one copy of each packet that the rule counts while the cut is in force. This file remembers what each
rule had counted when a cut was first seen. It is told after the switch holds the cut: what was flooded in between is
left out, so that the count never says more than was swallowed. Reading counters is left to service.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from herzschlag.controller.links import NetworkCuts, flood_cookie
from herzschlag.controller.messages import Network
from herzschlag.controller.switch import RuleCount

_NONE = RuleCount(0, 0)


class FloodedBefore:
    """The counters of each cut's flood rule at its beginning, for one network."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, str], RuleCount] = {}

    def misses(self, network: Network, cuts: NetworkCuts) -> bool:
        """Whether there are cuts that it has not seen; forgets those that ended."""
        if not network.floods:
            self._before.clear()
            return False
        self._before = {link: count for link, count in self._before.items() if link in cuts.silent}
        return bool(cuts.silent - self._before.keys())

    def see(self, network: Network, cuts: NetworkCuts, counters: Mapping[int, RuleCount]) -> None:
        """Take in the cuts that are new, with what the switch has counted by now."""
        for link in cuts.silent - self._before.keys():
            found = counters.get(flood_cookie(network, link[0]))
            if found is not None:
                self._before[link] = found

    def swallowed(self, network: Network, link: tuple[str, str], counters: Mapping[int, RuleCount]) -> RuleCount:
        """What the source of this cut has flooded since."""
        before = self._before.get(link)
        if not network.floods or before is None:
            return _NONE
        now = counters.get(flood_cookie(network, link[0]), _NONE)
        if now.packets < before.packets:  # the switch was restarted and counts from zero
            return now
        return RuleCount(now.packets - before.packets, now.bytes - before.bytes)
