"""Fuzzing of everything that reads evidence: `python -m tests.fuzz`."""
