"""Compiled loops over bytes. Importing a module of this package imports numba: done on first use, never at start.

Kernels pass memory by address and keep to plain integers: an array handed from one compiled function to another costs
an atomic reference count each time, which made the decoding kernel twice as slow.

numba keeps a compiled kernel until the file of the kernel itself changes. After changing only a function that it calls
(`kernel.inner`, `kernel.inlined`, `machine`), delete `__pycache__` here.
"""
