"""The course of a run, from its plan to its verdict."""
