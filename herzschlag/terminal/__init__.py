"""What `herzschlag run` writes on a terminal or into a pipe: progress while runs go on, outcomes at their end."""
