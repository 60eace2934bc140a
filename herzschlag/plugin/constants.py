"""Constants that the plugin's files share."""

from __future__ import annotations

PROPERTY, AGAIN = "herzschlag lab", "used again"
"""Property of a test's report: whether its lab on real packets was used again or new, and why."""
WITHOUT = "herzschlag without packets"
"""Property of a test's report: why it could not have real packets."""
REQUIRE, REQUIRE_OPTION = "HERZSCHLAG_REQUIRE_PACKETS", "--herzschlag-require-packets"
"""Environment variable and option: a test that cannot have real packets fails, in place of being skipped."""
SPEED_OPTION = "--herzschlag-speed"
"""Option: the highest speed of labs on real packets, or `auto`."""
SPEED, SEED = 10.0, 0
"""Of a lab whose test does not say."""
