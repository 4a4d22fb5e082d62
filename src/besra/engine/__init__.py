"""Clauses over events: which events satisfy which clause of which rule."""
