"""Where a scenario runs: on real packets, or in virtual time. `base.py` is the contract both keep."""
