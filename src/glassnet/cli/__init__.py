"""The command line, one file per command. Nothing heavy is imported before a command runs."""

from glassnet.cli.app import main as main
