"""`python -m songatlas` is the command line."""

from songatlas.cli import main

main()
