"""Mininet's part of the lab: the only importers of `mininet`."""
