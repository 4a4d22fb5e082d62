"""Tests of many values at once. Modules that need NumPy or numba import them at the top and are imported late."""
