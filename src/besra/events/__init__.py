"""Bytes to events: readers, normalisers, identity, typed field access."""
