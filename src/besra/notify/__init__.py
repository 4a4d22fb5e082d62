"""Telling people and programs of alerts: what is to be told, of whom it is asked, and how it gets there."""
