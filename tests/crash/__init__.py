"""Crash tests: `besra serve` is killed, starved and cut off under load, and has to keep what it acknowledged."""
