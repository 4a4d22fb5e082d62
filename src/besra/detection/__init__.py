"""Hits to matches to alerts."""
