"""How many labs at once, and at which speed, this machine can handle: measured, kept, used."""
