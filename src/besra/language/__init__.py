"""Texts to trees to the shared expression IR."""
