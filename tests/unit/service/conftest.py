"""Servers of databases."""

from tests.stores import postgres

__all__ = ["postgres"]
