"""Python processes of ours: executed, or forked from a process that has imported their module already."""
