"""The version, in the one place the build, the command and the alerts read it from."""

__version__ = "0.1.0"
