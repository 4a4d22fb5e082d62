"""The rules that run where nobody names any, one TOML file each."""
