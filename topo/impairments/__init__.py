"""Impaired links: which packets are lost, delayed or filtered, and the kernel messages that do it."""
