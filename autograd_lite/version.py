"""The version of this package, which the build, the command line and the site read here."""

__version__ = "0.1.0"
