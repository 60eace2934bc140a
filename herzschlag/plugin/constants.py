"""Words that the plugin's files share."""

from __future__ import annotations

PROPERTY, AGAIN = "herzschlag lab", "used again"
"""What a test's report says of its lab on real packets: that it was used again, or new, and why."""
