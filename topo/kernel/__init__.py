"""Access to the kernel: system calls, netlink, nftables, and probes of what it can do."""
