"""Exploration: random fault schedules in virtual time, judged by every checker, the broken ones made short."""
