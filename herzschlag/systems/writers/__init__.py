"""Writers: clients that write to a system without a pause, and say which of their writes it acknowledged."""
