"""Scenarios: what shall happen and what must be true; the shipped ones are in `shipped/`."""
