"""The scripts behind the Makefile and CI, in a package for each purpose.  Each
script runs from the project's folder: python3 -m ci.check.sdist
"""
