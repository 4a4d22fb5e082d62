"""Mapping files: how people say what the fields of their own formats are in ECS."""
