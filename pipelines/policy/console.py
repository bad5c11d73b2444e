"""The console that the policy commands print their findings on."""

import sys

from rich.console import Console

PAGE = 200
"""Columns of a table that goes into a file or a pipe, where nothing is to be cut off."""


def plain_console() -> Console:
    """Return a console for paths and amounts, which are no markup and not broken over lines."""
    width = None if sys.stdout.isatty() else PAGE
    return Console(markup=False, highlight=False, soft_wrap=True, width=width)
