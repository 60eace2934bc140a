"""What a lab looks like (`spec.py`, `catalog.py`), and how it comes to be.

Nothing is imported here: describing a lab needs neither Linux nor Mininet.
"""
