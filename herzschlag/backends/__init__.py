"""The backends on which a scenario runs: real packets, and virtual time. `base.py` is the contract that both keep."""
