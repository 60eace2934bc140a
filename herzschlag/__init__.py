"""Herzschlag: scenarios, faults, runs, checks and reports for an HA cluster on real packets or in virtual time."""
