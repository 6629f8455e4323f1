"""What builds: OpenSSL, wheels, the source distribution, generated C."""
