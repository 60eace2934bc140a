"""The processes around the pure cores: the only code of the agents with sockets, clocks, files and forks."""
