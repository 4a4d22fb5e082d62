"""Runs folders of conformance cases (a query, data, the known result) and reports by feature."""
