"""`songatlas artists`: artists of an atlas, who is typical of its clusters, and how these are received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console

from songatlas.cli import options as opt
from songatlas.cli.terminal import empty_table, print_json, progress_bar, shown, stdout
from songatlas.errors import BadSettings, did_you_mean
from songatlas.files import write_file

if TYPE_CHECKING:
    import polars as pl

    from songatlas.artists import Market
    from songatlas.atlas import Atlas
    from songatlas.atlas.artist_view import ArtistView

_TYPICAL_TOLD, _BARS = 4, 30
_OPTIONAL: Final = (
    "Tags",
    "Popularity",
    "Breadth",
    "Years",
    "Share",
)  # what a narrow terminal may do without
_NUMBERS: Final = ("Songs", "Songs here", "Share", "Breadth", "Popularity", "Lift", "Distance", "Artists")


def artists(
    atlas: Annotated[Path, typer.Argument(metavar="ATLAS", help="Folder that 'songatlas build' wrote.")],
    artist: Annotated[
        list[str] | None,
        typer.Option(
            "--artist", metavar="NAME", help="Tell of this artist and its nearest ones. Repeatable."
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster", metavar="NAME", help="Tell who is typical of this cluster (name or number)."
        ),
    ] = None,
    market: Annotated[
        bool,
        typer.Option("--market", help="Tell popularity, followers, era and growth of the clusters."),
    ] = False,
    n: Annotated[int, typer.Option("-n", metavar="N", help="How many artists to tell.", min=1)] = 20,
    sort: Annotated[
        str, typer.Option("--sort", metavar="ORDER", help="songs, breadth, popularity or name.")
    ] = "songs",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="CSV file for the table of all artists."),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="PNG or SVG file: the artists over the clusters."),
    ] = None,
    raw_cells: opt.RawCells = False,
    as_json: opt.AsJson = False,
) -> None:
    """Tell where the songs of every artist are, how widely it ranges, and which artists are near it and why.

    A cluster's typical artists have more songs in it than its size would give. The market view only reads
    popularity, followers and streams: they are no part of the sound, unless the atlas was built of them.
    """
    from songatlas.atlas import Atlas
    from songatlas.atlas.artist_lists import sorted_artists
    from songatlas.atlas.artist_view import artists_of_atlas, market_of_atlas

    _check(atlas, sort, output, figure)
    with progress_bar() as progress:
        progress(0.0, "opening the atlas")
        loaded = Atlas.load(atlas)
        progress(0.5, "looking at the artists")
        if market and not (artist or cluster or output or figure):
            _tell_market(market_of_atlas(loaded), as_json=as_json)
            return
        view = artists_of_atlas(loaded)
        rows = [view.find(name) for name in artist or ()]
        chosen = None if cluster is None else view.cluster_named(cluster)
        ordered = sorted_artists(view, sort)
        if output is not None:
            progress(0.7, "writing the table")
            _write_table(view, ordered, output, raw_cells=raw_cells)
        if figure is not None:
            progress(0.9, "drawing")
            _draw(view, rows or ordered[:_BARS], figure)
    said = _Said(loaded, view, rows=rows, cluster=chosen, market=market, n=n, ordered=ordered)
    if as_json:
        print_json(said.plain() | _files(output, figure))
        return
    said.print()
    for path in (output, figure):
        if path is not None:
            stdout().print(shown(str(path)))


def _check(atlas: Path, sort: str, output: Path | None, figure: Path | None) -> None:
    """Refuse what cannot be done before the work begins."""
    from songatlas.atlas.artist_lists import SORTS

    if sort not in SORTS:
        raise BadSettings(f"--sort is {sort!r}{did_you_mean(sort, SORTS)} (orders: {', '.join(SORTS)})")
    if figure is not None and figure.suffix.lower() not in (".png", ".svg"):
        raise BadSettings(f"--figure is {str(figure)!r}: let its name end in .png or .svg")
    opt.require_different(output, figure)
    for path in (output, figure):
        if path is not None:
            opt.require_folder(path)
            opt.require_unread(path, atlas)


class _Said:
    """What one call tells, as tables or as JSON."""

    def __init__(
        self,
        atlas: Atlas,
        view: ArtistView,
        *,
        rows: Sequence[int],
        cluster: int | None,
        market: bool,
        n: int,
        ordered: Sequence[int],
    ) -> None:
        self.names, self.view, self.rows, self.n = atlas.cluster_names(), view, rows, n
        self.cluster, self.market, self.first = cluster, market, list(ordered[:n])
        self.overview = not rows and cluster is None and not market

    def typical(self, cluster: int, most: int) -> pl.DataFrame:
        """The typical artists of a cluster."""
        table = self.view.clusters
        return table.filter(table["cluster"] == cluster).head(most)

    def plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        told: dict[str, Any] = {"n_artists": self.view.artists.height}
        if self.rows:
            told["artists"] = [self._artist(row) for row in self.rows]
        elif self.overview:
            told["artists"] = [self._artist(row, near=False) for row in self.first]
        if self.cluster is not None or self.overview:
            chosen = range(len(self.names)) if self.cluster is None else [self.cluster]
            told["clusters"] = [
                {"cluster": each, "name": self.names[each], "typical": self.typical(each, self.n).to_dicts()}
                for each in chosen
            ]
        if self.market:
            told["market"] = self.view.market.to_dicts()
        return told | {"notes": self._notes()}

    def _notes(self) -> list[str]:
        """Notes on what was told: songs of nobody are no matter of one artist."""
        of_all = () if self.rows else self.view.notes
        return [*of_all, *(self.view.market_notes if self.market else ())]

    def _artist(self, row: int, *, near: bool = True) -> dict[str, Any]:
        """One artist with its clusters by name."""
        values = self.view.artists.row(row, named=True)
        parts = zip(values.pop("clusters"), values.pop("shares"), strict=True)
        values["clusters"] = [{"cluster": c, "name": self.names[c], "share": share} for c, share in parts]
        if near:
            values["sentences"] = list(self.view.sentences(row))
            values["nearest"] = self.view.nearest(values["artist"], self.n).to_dicts()
        return values

    def print(self) -> None:
        """Print tables and sentences."""
        console = stdout()
        for place, row in enumerate(self.rows):
            if place:
                console.print()
            self._print_artist(console, row)
        if self.cluster is not None:
            self._print_cluster(console, self.cluster)
        if self.market:
            _print_market(console, self.view.market)
        if self.overview:
            self._print_overview(console)
        for note in self._notes():
            console.print(f"- {shown(note)}")

    def _print_overview(self, console: Console) -> None:
        console.print(_artists_table(self.view, self.first))
        n_all = self.view.artists.height
        if len(self.first) < n_all:
            console.print(f"{len(self.first):,} of {n_all:,} artists; -n tells more, -o writes all of them")
        console.print("Typical of")
        for cluster, name in enumerate(self.names):
            listed = self.typical(cluster, _TYPICAL_TOLD)["artist"].to_list()
            console.print(f"- {shown(name)}: {shown(', '.join(listed)) or 'nobody more than others'}")

    def _print_artist(self, console: Console, row: int) -> None:
        values = self.view.artists.row(row, named=True)
        console.print(f"[bold]{shown(values['artist'])}[/]")
        for sentence in self.view.sentences(row):
            console.print(f"- {shown(sentence)}")
        parts = zip(values["clusters"], values["shares"], strict=True)
        shares = ", ".join(f"{self.names[cluster]} {share:.0%}" for cluster, share in parts)
        console.print(f"- Clusters: {shown(shares)}")
        table = empty_table(
            "Nearest", "Songs", "Home", "Distance", "Why", numbers=_NUMBERS, optional=("Home", "Songs")
        )
        for near in self.view.nearest(values["artist"], self.n).iter_rows(named=True):
            cells = (
                near["artist"],
                f"{near['n_songs']:,}",
                near["home_name"],
                f"{near['distance']:.2f}",
                near["why"],
            )
            table.add_row(*map(shown, cells))
        console.print(table)

    def _print_cluster(self, console: Console, cluster: int) -> None:
        typical = self.typical(cluster, self.n).to_dicts()
        console.print(f"Typical of cluster {cluster}, [bold]{shown(self.names[cluster])}[/]:")
        if not typical:
            console.print("Nobody more than others.")
            return
        table = empty_table("Typical artist", "Songs here", "Share", "Lift", numbers=_NUMBERS)
        for each in typical:
            songs = f"{each['n_songs']:,} of {each['of_songs']:,}"
            table.add_row(shown(each["artist"]), songs, f"{each['share']:.0%}", f"{each['lift']:.1f}")
        console.print(table)
        console.print(shown(_typical_explained(typical[0])))


def _typical_explained(artist: Mapping[str, Any]) -> str:
    """What the numbers of a typical artist mean, told of one of them."""
    here, every = artist["n_songs"], artist["of_songs"]
    songs, are = f"{every:,} songs" if every > 1 else "one song", "is" if here == 1 else "are"
    return (
        f"Read the first line so: of {songs} by {artist['artist']} {here:,} {are} in this cluster, "
        f"{artist['lift']:.1f} times as many as of {songs} by just anybody. The lift counts two songs more "
        "on both sides, so that one song proves little."
    )


def _artists_table(view: ArtistView, rows: Sequence[int]) -> Any:
    """The table of some artists."""
    known = view.artists.columns
    extra = [name for name in ("year_median", "popularity", "top_tags") if name in known]
    heads = {"year_median": "Years", "popularity": "Popularity", "top_tags": "Tags"}
    names = ("Artist", "Songs", "Home", "Share", "Breadth", *(heads[name] for name in extra))
    table = empty_table(*names, numbers=_NUMBERS, optional=_OPTIONAL)
    for values in view.artists[list(rows)].iter_rows(named=True):
        cells = {
            "year_median": _years(values),
            "popularity": _number(values.get("popularity"), 0),
            "top_tags": ", ".join((values.get("top_tags") or [])[:3]),
        }
        table.add_row(
            shown(values["artist"]),
            f"{values['n_songs']:,}",
            shown(values["home_name"]),
            f"{values['home_share']:.0%}",
            _number(values["breadth"], 2),
            *(shown(cells[name]) for name in extra),
        )
    return table


def _years(values: Mapping[str, Any]) -> str:
    low, high = values.get("year_low"), values.get("year_high")
    if low is None or high is None:
        return ""
    return f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _tell_market(market: Market, *, as_json: bool) -> None:
    """The market view alone."""
    if as_json:
        print_json({"market": market.table.to_dicts(), "notes": list(market.notes)})
        return
    console = stdout()
    _print_market(console, market.table)
    for note in market.notes:
        console.print(f"- {shown(note)}")


def _print_market(console: Console, market: pl.DataFrame) -> None:
    """A table with a sentence for each cluster."""
    has_artists = "n_artists" in market.columns
    names = ("Cluster", "Songs", *(["Artists"] if has_artists else []), "Market")
    table = empty_table(*names, numbers=_NUMBERS, optional=("Artists", "Songs"))
    for row in market.iter_rows(named=True):
        artists = [f"{row['n_artists']:,}"] if has_artists else []
        table.add_row(shown(row["name"]), f"{row['n_songs']:,}", *artists, shown(row["sentence"]))
    console.print(table)


def _write_table(view: ArtistView, ordered: Sequence[int], path: Path, *, raw_cells: bool) -> None:
    """Write all artists as CSV, lists as text, the nearest ones of the first."""
    from songatlas.atlas.artist_lists import flat_artists
    from songatlas.safe_cells import text_of_cells

    write_file(path, text_of_cells(flat_artists(view, ordered), raw=raw_cells))


def _draw(view: ArtistView, rows: Sequence[int], path: Path) -> None:
    """Draw artists over clusters into a file."""
    from songatlas.figures import artist_bars, save_figure

    save_figure(artist_bars(**view.bars(rows)), path)


def _files(output: Path | None, figure: Path | None) -> dict[str, str]:
    """The files that were written, for JSON."""
    written = {"output": output, "figure": figure}
    return {name: str(path) for name, path in written.items() if path is not None}
