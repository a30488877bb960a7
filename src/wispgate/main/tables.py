"""How a command prints its table."""

from typing import Final

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_NO_SCREEN: Final = 1000


def print_whole(table: Table) -> None:
    """As wide as the screen; where there is none (a pipe, a file) as wide as the table is."""
    console = Console()
    if not console.is_terminal:
        widest = Measurement.get(console, console.options.update(max_width=_NO_SCREEN), table)
        console = Console(width=max(widest.maximum, 1))
    console.print(table)
