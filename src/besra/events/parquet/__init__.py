"""Parquet: besra's own layout, written and read by column, and the files of others."""
