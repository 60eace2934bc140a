"""Other people's HA systems on the lab: what must be known of one to run it, break its network and judge it."""
