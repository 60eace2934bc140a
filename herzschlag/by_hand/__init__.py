"""A running cluster in the hands of a test, a script or a prompt: what it is asked, how it is broken, what it tells.

`herzschlag.cluster` joins these parts to the class `Cluster`.
"""
