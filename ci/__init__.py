"""The scripts that the Makefile and CI run, in one package for each purpose.

Start each script from the project's folder: python3 -m ci.check.sdist
"""
