"""The roles of an HA agent that leads no group: candidate, follower, host alone."""
