"""The engines besra is compared with, each a module that can be absent."""
