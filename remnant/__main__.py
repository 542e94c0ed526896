"""Run ``python -m remnant``."""

from remnant.cli.app import main

main()
