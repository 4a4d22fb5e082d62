"""Rules that show how rules are written, one TOML file each, with their tests beside (`….test.toml`)."""
