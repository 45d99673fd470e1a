"""OpenPact: what a human approved is what runs, exactly once, and a record nobody can quietly change."""

__version__ = "0.1.0"
