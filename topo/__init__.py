"""The lab: its description (`spec.py`, `catalog.py`), and the code that builds it on this machine.

Nothing is imported here: describing a lab needs neither Linux nor Mininet.
"""
