"""Programs of other systems on the hosts of a lab, and the reader of what they say."""
