"""A host's own clock: true time plus the host's error.

This module decides what a core is shown; pure. A time namespace would shift clocks for every process of a host as well,
but only for processes made after it (time_namespaces(7)): a running one's clock cannot be made to leap. So a host's
clock is wrong where the core reads it, in what drives it, and nowhere else: records keep the true time, the machine's
on real packets and virtual time in the simulation.
"""

from __future__ import annotations

import msgspec


class ClockSetting(msgspec.Struct, frozen=True):
    """A monotonic clock that may leap ahead and never goes back: set back, it keeps its value until time has caught
    up. Nanoseconds, of real or of virtual time."""

    ahead_ns: int = 0
    """Below 0: behind."""
    least_ns: int = 0
    """What it showed when it was set."""

    def local_ns(self, true_ns: int) -> int:
        """What it shows when it is `true_ns`."""
        return max(true_ns + self.ahead_ns, self.least_ns)

    def true_ns(self, local_ns: int) -> int:
        """When it will show `local_ns`."""
        return max(local_ns, self.least_ns) - self.ahead_ns

    def moved(self, ahead_ns: int, true_ns: int) -> ClockSetting:
        """The same clock, set at `true_ns` to be `ahead_ns` ahead."""
        return ClockSetting(ahead_ns, self.local_ns(true_ns))


RIGHT = ClockSetting()
