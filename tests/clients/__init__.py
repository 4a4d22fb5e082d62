"""Clients and shippers that exist, run against a real service. `make clients` brings them."""
