"""The rules about restarts of virtual machines."""
