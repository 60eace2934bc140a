"""The rules a run is judged by: one property a file, named as the checker is."""
