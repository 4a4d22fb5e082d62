"""Spaces: parts of a service that know nothing of each other's rules, alerts and exceptions (detection-engine.md 9)."""

DEFAULT = "default"
"""The space of what is in no other one, as in Kibana: of all rules where there is no service."""
