"""Builds OpenSSL, wheels and the source distribution, and generates C."""
