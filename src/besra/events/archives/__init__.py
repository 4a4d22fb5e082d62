"""Archives: their members one after the other, read as files are, and never written under their names."""
