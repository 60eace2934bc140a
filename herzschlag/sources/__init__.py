"""The documents that describe the modelled system: what a key such as [DD-R] in an expectation's source means."""
