"""Texts that are English where they are made, and recognized where a person reads them: a table a file."""
