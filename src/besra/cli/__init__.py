"""The besra command: it parses arguments, calls one function and prints the answer."""
