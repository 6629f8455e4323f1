"""Code for all packages: Python environments, and Debian in a folder."""
