"""Labs: what one looks like (`topo.spec`, `topo.catalog`) and how it comes to be (`topo.sandbox`, `topo.lab`).

Imports nothing, so that describing a lab needs neither Linux nor Mininet, and `topo.requirements` no package at all.
"""
