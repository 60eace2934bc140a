"""Constants that the plugin's files share."""

from __future__ import annotations

PROPERTY, AGAIN = "herzschlag lab", "used again"
"""Property of a test's report: whether its lab on real packets was used again or new, and why."""
