"""Placeholder, replaced in the next change."""
NAMES: tuple[str, ...] = ()
