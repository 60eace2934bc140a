"""The history of a run: its records, their kinds, and what follows from them alone."""
