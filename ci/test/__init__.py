"""What runs tests: the project's, CPython's, and those that take long."""
