"""One module a file format: bytes in, raw records out."""
