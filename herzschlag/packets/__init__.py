"""Captures of runs: reading, summing up and annotating them, and a dissector for Wireshark."""
