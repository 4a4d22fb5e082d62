"""Detection rules as data: read, check, convert, plan."""
