"""The rules by which a run is judged: one property a file, named as the checker is."""
