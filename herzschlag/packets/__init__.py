"""Captures of runs: reading, judging and annotating them, and a dissector for other people's tools."""
