"""Stores of alerts."""

from tests.stores import place, postgres, store

__all__ = ["place", "postgres", "store"]
