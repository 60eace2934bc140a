"""Datastores: the format of what is on them, the requests to them, and a store in memory for the simulation."""
