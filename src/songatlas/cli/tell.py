"""What the command line prints: tables, sentences, progress.

Text of a table of songs is escaped, so that `[bold]` in a title is no markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from songatlas.cli.terminal import empty_table, print_json, shown, stdout
from songatlas.cli.word_table import WordTable

if TYPE_CHECKING:
    from songatlas.atlas import Atlas, ClusteredRows
    from songatlas.atlas.tune import Tuning
    from songatlas.atlas.why import Explanation
    from songatlas.report.outputs import WrittenOutputs
    from songatlas.songs import CleanSongs, ColumnReading, RuleCount, SongsTable, Source

_FEW_NOTES = 2
_NUMBERS = ("Songs", "Rows", "k", "Silhouette", "Stability", "AMI", "Seconds")


def reading(table: SongsTable, clean: CleanSongs, *, as_json: bool, n_looked: int | None = None) -> None:
    """Print what was understood of every column of a table, and what would be left out of its rows."""
    if as_json:
        from songatlas.atlas.saved import plain

        record = {"source": plain(table.source), "columns": plain(table.columns)}
        looked = {} if n_looked is None else {"n_looked": n_looked}
        print_json({**record, **looked, "counts": plain(clean.counts)})
        return
    console = stdout()
    _tell_understood(console, table.source, table.columns)
    n_rows, whole = table.source.n_rows, table.source.n_rows
    if n_looked is not None and n_looked < whole:
        console.print(f"What the rules of cleaning do, of a look at {n_looked:,} of {whole:,} rows:")
        n_rows = n_looked
    _tell_cleaning(console, n_rows, clean.n_songs, clean.songs.height, clean.counts)
    console.print("Nothing was written: this was a dry run")


def atlas(written: WrittenOutputs, *, as_json: bool) -> None:
    """Print what was read, left out and found, and what to open."""
    found, directory = written.atlas, written.directory
    if as_json:
        print_json(json.loads((directory / "quality.json").read_text(encoding="utf-8")))
        return
    from songatlas.report.sampled import sample_in_words, whole_told
    from songatlas.report.wording import made_of

    console = stdout()
    if _is_scan(found.columns):
        _tell_scan(console, found.source)
    else:
        _tell_understood(console, found.source, found.columns)
    _tell_cleaning(console, found.n_rows, found.n_songs, found.n_clustered, found.counts)
    if "audio" in found.space.places() or "measured_by" in found.songs.columns:
        console.print(f"Clusters are made of: {made_of(list(found.space.places()))}")
    for feature, why in found.dropped_features.items():
        console.print(f"- {shown(feature)} is not used: {shown(why)}")
    for note in found.space.notes:
        console.print(f"- {shown(note)}")
    console.print()
    console.print(_clusters_table(found))
    likeness = [found.likeness.sentence(found.cluster_names())] if found.likeness else []
    for sentence in (whole_told(found), sample_in_words(found), *likeness, *written.notes):
        if sentence:
            console.print(shown(sentence))
    for sentence in _found_in_words(found):
        console.print(shown(sentence), style="yellow" if sentence.startswith("Warning: ") else None)
    console.print(f"\nOpen [bold]{shown(str(directory / 'report.html'))}[/]")


def _found_in_words(found: Atlas) -> list[str]:
    """What was found out about the clusters, one line each."""
    verdict = found.verdict
    playlists = verdict.playlists.sentence if verdict.playlists and not found.is_sample else ""
    said = [verdict.sentence, playlists, verdict.disagreement]
    warnings = [each for each in found.findings if each.severity == "warning"]
    notes = [each for each in found.findings if each.severity != "warning"]
    told = [*warnings, *(notes if len(notes) <= _FEW_NOTES else ())]
    said += [f"{each.severity.capitalize()}: {each.sentence} Next step: {each.next_step}." for each in told]
    if len(notes) > _FEW_NOTES:
        said.append(f"{len(notes)} notes are in the report.")
    return [text for text in (*said, _genres_in_words(found), _refined_in_words(found)) if text]


def _genres_in_words(found: Atlas) -> str:
    """How far clusters agree with genres, and how far predicted genres are right."""
    genre = found.genre
    if genre is None or genre.get("ami") is None:
        return ""
    ceiling = (
        "" if genre.get("ceiling_ami") is None else f", a taught classifier {_rounded(genre['ceiling_ami'])}"
    )
    said = (
        f"Genres: clusters and the {genre['n_genres']} genres agree to {_rounded(genre['ami'])} (AMI; chance "
        f"{_rounded(genre['chance_ami'])}{ceiling})."
    )
    n_predicted, accuracy = found.genre_of_songs["predicted_genre"].count(), genre.get("prediction") or {}
    if not n_predicted:
        return said
    rights = [
        f"{accuracy[name]:.0%} right for {artists}"
        for name, artists in (
            ("new_artists", "artists never met" if genre.get("by_artist", True) else "songs held out"),
            ("known_artists", "artists with known songs"),
        )
        if accuracy.get(name) is not None
    ]
    songs = "1 song" if n_predicted == 1 else f"{n_predicted:,} songs"
    return f"{said} Predicted for {songs} without one ({', '.join(rights) or 'accuracy unknown'})."


def _rounded(figure: float) -> str:
    """Two decimals, and no minus before zero."""
    return f"{round(figure, 2) + 0.0:.2f}"


def _refined_in_words(found: Atlas) -> str:
    """What --refine gave; empty where nobody asked for it."""
    return f"Refining: {found.refinement.sentence}" if found.refinement else ""


def reasons(explained: Sequence[Explanation], *, as_json: bool) -> None:
    """Print why songs are in their clusters."""
    if as_json:
        print_json([each.to_dict() for each in explained])
        return
    console = stdout()
    for place, each in enumerate(explained):
        if place:
            console.print()
        name = " - ".join(part for part in (each.title, each.artist) if part) or each.song_id
        console.print(f"[bold]{shown(name)}[/] is in cluster {each.cluster}, {shown(each.cluster_name)}")
        nearer = f"; {each.distance_percentile:.0f}% of its songs lie nearer to the centre"
        console.print(f"{each.role.capitalize()}{nearer}. {shown(_next_in_words(each))}")
        for sentence in each.sentences:
            console.print(f"- {shown(sentence)}")


def _next_in_words(each: Explanation) -> str:
    """Which cluster is next, and how near."""
    if each.runner_up == each.cluster:
        return ""
    return (
        f"Next: {each.runner_up_name}; its own centre is {each.margin:.0%} nearer "
        f"(silhouette {each.silhouette:.2f})."
    )


def _tell_understood(console: Console, source: Source, columns: Sequence[ColumnReading]) -> None:
    """Print how each column was read, and the dirt that was found."""
    console.print(f"What was understood of {shown(source.name)}:")
    console.print(_columns_table(columns))
    for note in source.notes:
        console.print(f"- {shown(note)}")


def _is_scan(columns: Sequence[ColumnReading]) -> bool:
    """Whether songatlas scan wrote a table, and nobody changed its columns or said what they are."""
    from songatlas.audio.scan.table import COLUMNS

    as_written = [read.header for read in columns] == list(COLUMNS)
    return as_written and not any(read.how_sure == "named" for read in columns)


def _tell_scan(console: Console, source: Source) -> None:
    """Print that a table is one of songatlas scan, whose columns need not be told, and the dirt in it."""
    console.print(
        f"{shown(source.name)} is a table of songatlas scan: build --dry-run tells how every column is read"
    )
    for note in source.notes:
        console.print(f"- {shown(note)}")


def _tell_cleaning(
    console: Console, n_rows: int, n_songs: int, n_clustered: int, counts: Sequence[RuleCount]
) -> None:
    """Print how many songs there are, and what each rule did that did anything."""
    merged = n_rows - n_songs
    told = f"{n_rows:,} rows" + (f", {merged:,} of them repeat a song" if merged else "")
    console.print(f"{n_songs:,} songs in {told}; {n_clustered:,} songs to cluster")
    for count in counts:
        if count.n_songs or count.n_rows:
            console.print(f"- {shown(count.sentence)}")


def rows(placed: ClusteredRows, target: Path, *, as_json: bool) -> None:
    """Print how many rows of a table went into each cluster."""
    counts = [int((placed.cluster == cluster).sum()) for cluster in range(len(placed.names))]
    n_left_out = int((placed.cluster < 0).sum())
    if as_json:
        print_json(
            {
                "output": str(target),
                "n_rows": placed.n_rows,
                "n_left_out": n_left_out,
                "rows_in_cluster": dict(zip(placed.names, counts, strict=True)),
                "notes": list(placed.notes),
            }
        )
        return
    table = empty_table("Cluster", "Rows", numbers=_NUMBERS)
    for name, count in zip(placed.names, counts, strict=True):
        table.add_row(shown(name), f"{count:,}")
    console = stdout()
    console.print(table)
    left = f", {n_left_out:,} left out (excluded_because says why)" if n_left_out else ""
    console.print(f"{placed.n_rows:,} rows{left}: {shown(str(target))}")
    for note in placed.notes:
        console.print(f"- {shown(note)}")


def tuning(found: Tuning, songs: Path, *, as_json: bool) -> None:
    """Print variants side by side, the one to take and why, and the command that builds with it."""
    from songatlas.report.command import build_command

    chosen = found.settings.to_dict()
    command = build_command(
        str(songs), chosen, simulated=False, n_rows=found.n_songs, usual_space=found.usual_space
    )
    if as_json:
        print_json(found.to_dict() | {"command": command})
        return
    console = stdout()
    sampled = "" if found.n_sampled == found.n_songs else f", tried on {found.n_sampled:,} of them"
    judged = f"; genres from '{found.genre_column}'" if found.genre_column else ""
    console.print(f"{shown(found.source)}: {found.n_songs:,} songs{sampled}{shown(judged)}")
    console.print(_variants_table(found))
    console.print(shown(found.sentence))
    for note in found.notes:
        console.print(f"- {shown(note)}")
    console.print(f"\nBuild with it: [bold]{shown(command)}[/]")


def facts(known: Mapping[str, str], *, as_json: bool) -> None:
    """Print names and values."""
    if as_json:
        print_json(known)
        return
    console = stdout()
    for name, value in known.items():
        console.print(f"{name:14} {shown(value)}")


def _columns_table(columns: Sequence[ColumnReading]) -> WordTable:
    """Table of the columns that became ours; those left alone without a word stand in the last line."""
    table = empty_table("Column", "Read as", "Unit", "Sure", "Note", numbers=_NUMBERS)
    for read in columns:
        if read.column is not None or read.note:
            cells = (read.header, read.column or "-", read.unit or "", read.how_sure, read.note)
            table.add_row(*(shown(cell) for cell in cells))
    alone = [read.header or "(no name)" for read in columns if read.column is None and not read.note]
    if alone:
        table.add_row(shown(", ".join(alone)), "-", "", "left alone", "")
    return table


def _clusters_table(found: Atlas) -> WordTable:
    """Table of the clusters: number, name, size, evidence."""
    table = empty_table("", "Cluster", "Songs", "Because", numbers=_NUMBERS)
    for profile in found.profiles:
        cells = (str(profile.cluster), profile.name, f"{profile.size:,}", profile.evidence)
        table.add_row(*(shown(cell) for cell in cells))
    return table


def _variants_table(found: Tuning) -> WordTable:
    """Table of the variants: each named once, then a row for every k; the one to take is marked."""
    table = empty_table("", "Variant", "k", "Silhouette", "Stability", "AMI", "Seconds", numbers=_NUMBERS)
    before = None
    for row in found.rows:
        agreement = "" if row.agreement is None else f"{row.agreement:.3f}{'*' if row.hidden else ' '}"
        cells = (
            ">" if row.taken else "",
            row.label if row.variant != before else "",
            str(row.k),
            f"{row.silhouette:.3f}",
            f"{row.stability:.2f}",
            agreement,
            f"{row.seconds:.2f}",
        )
        table.add_row(*(shown(cell) for cell in cells), style="bold" if row.taken else None)
        before = row.variant
    return table
