"""One module a correlation: how the hits of one rule become its matches."""
