"""Lets `python -m openpact` run the program."""

from openpact.cli.main import run

run()
