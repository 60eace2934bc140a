"""Herzschlag: scenarios, faults, runs, checks and reports around an HA cluster on real packets or in virtual time."""
