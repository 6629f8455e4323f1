"""Checks wheels, the source distribution, pinned versions and C sources."""
