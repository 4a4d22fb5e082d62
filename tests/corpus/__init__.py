"""Runs a folder of rules against a folder of generated documents: every positive set must fire, no negative one may."""
