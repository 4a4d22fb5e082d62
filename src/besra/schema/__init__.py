"""What fields and indices are: types, the bundled field catalogue, index patterns, dates and date math."""
