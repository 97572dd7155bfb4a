"""`songatlas verify`: whether an atlas, and the outputs beside it, are still what a build wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from songatlas.cli import options as opt
from songatlas.cli.terminal import print_json, progress_bar, shown, stdout

if TYPE_CHECKING:
    from songatlas.report.verifying import Verification

_FEW = 10


def verify(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that 'songatlas build' wrote, or its atlas/ alone.")
    ],
    as_json: opt.AsJson = False,
) -> None:
    """Say whether an atlas, and the outputs beside it, are still what a build wrote.

    Nothing is changed, but that what a killed command had left half exchanged is put in its place.

    Ends with 0 where all is well, with 1 where anything differs, is missing or cannot be read, and with 2
    where there is no atlas.
    """
    from songatlas.report.verifying import verify as verify_folder

    with progress_bar() as progress:
        progress(0.1, "looking at every file")
        found = verify_folder(directory)
    if as_json:
        print_json(found.to_dict())
    else:
        _tell(found)
    if not found.is_well:
        raise typer.Exit(1)


def _tell(found: Verification) -> None:
    """Print what was found: the result first, then what is wrong, then what was looked at."""
    console = stdout()
    console.print(shown(found.summary))
    for head, lines in (
        ("Not as written:", found.problems),
        ("Looked at, and well:", found.checked),
        ("To know:", found.notes),
    ):
        if lines:
            console.print(f"\n{head}")
            for line in lines[:_FEW]:
                console.print(f"- {shown(line)}")
            if len(lines) > _FEW:
                console.print(f"- and {len(lines) - _FEW:,} more (--json tells all)")
    if found.strangers:
        names = ", ".join(found.strangers[:_FEW])
        more = f" and {len(found.strangers) - _FEW:,} more" if len(found.strangers) > _FEW else ""
        console.print(f"\nNot ours, not looked at: {shown(names)}{more}")
