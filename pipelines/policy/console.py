"""The console that the policy commands print their findings on."""

from rich.console import Console


def plain_console() -> Console:
    """Return a console for paths and amounts, which are no markup and not broken over lines."""
    return Console(markup=False, highlight=False, soft_wrap=True)
