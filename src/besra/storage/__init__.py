"""What outlives a process: the journal of what was acknowledged."""
