"""Scenarios: a cluster, faults at given times, and what must be true of the run. `shipped/` holds the shipped ones."""
