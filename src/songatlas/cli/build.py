"""`songatlas build` and `songatlas demo`: a table, a folder or an address becomes an atlas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from songatlas.cli import options as opt
from songatlas.cli import tell
from songatlas.cli.engines import Chosen, choose_engine, engine_for_rows
from songatlas.cli.large import Large, build_large, build_large_demo, preview_large
from songatlas.cli.scan import Workers, refuse_folder, scan_songs, tell_scan
from songatlas.cli.sources import name_of
from songatlas.cli.terminal import progress_bar
from songatlas.progress import part

if TYPE_CHECKING:
    from songatlas.atlas import AtlasSettings
    from songatlas.report.outputs import WrittenOutputs


def build(
    songs: Annotated[
        str,
        typer.Argument(
            metavar="SONGS",
            help="Table of songs: CSV, TSV, Parquet, JSON lines or Excel; a folder of such tables, or of "
            "music files; or an address that Spark reads, such as hdfs:// or s3a://.",
        ),
    ],
    output: opt.Output = None,
    k: opt.K = None,
    k_min: opt.KMin = None,
    k_max: opt.KMax = None,
    seed: opt.Seed = None,
    genre: opt.Genre = None,
    space: opt.Space = None,
    weights: opt.Weights = None,
    feature_weights: opt.FeatureWeights = None,
    genre_pull: opt.GenrePull = None,
    features: opt.Features = None,
    refine: opt.Refine = None,
    keep: opt.Keep = None,
    column: opt.Columns = None,
    unit: opt.Units = None,
    header: opt.Header = None,
    settings: opt.SettingsFile = None,
    like: opt.Like = None,
    figures: Annotated[bool, typer.Option(help="Write the folder of figures.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what is understood of the table; write nothing.")
    ] = False,
    raw_cells: opt.RawCells = False,
    as_json: opt.AsJson = False,
    threads: opt.Threads = None,
    workers: Workers = None,
    engine: opt.Engine = None,
    memory: opt.Memory = None,
    master: opt.Master = None,
    spark_kmeans: opt.SparkKMeans = None,
    spark_conf: opt.SparkConf = None,
    rows_to: opt.RowsTo = None,
) -> None:
    """Turn a table of songs into an atlas: clusters with names, figures, a report, a clustered CSV.

    The folder (by default SONGS_atlas) gets report.html, clustered_songs.csv, clusters.csv, quality.json,
    figures/ and the saved atlas/. Rename clusters in atlas/names.toml: later builds into it keep the names.
    A folder of music files is measured first, as 'songatlas scan' does; its table is songs.parquet there.
    A folder of tables is one catalogue, read in parts: its files come back in clustered_songs/.
    """
    chosen = opt.read_settings(
        settings,
        k=opt.read_k(k),
        k_min=k_min,
        k_max=k_max,
        seed=seed,
        genre=genre,
        space=space,
        weights=opt.read_weights(weights),
        feature_weights=opt.read_weights(feature_weights, option="--feature-weights"),
        genre_pull=genre_pull,
        features=features,
        refine=refine,
        keep=keep,
        columns=opt.read_pairs("--column", column),
        units=opt.read_pairs("--unit", unit),
        header=header,
        threads=threads,
    )
    opt.refuse_address(output)
    asked = opt.read_engine(
        engine,
        memory=memory,
        master=master,
        spark_kmeans=spark_kmeans,
        spark_conf=spark_conf,
        rows_to=rows_to,
    )
    by = choose_engine(songs, asked)
    if dry_run:
        _preview(songs, chosen, by, as_json=as_json)
        return
    directory = output or Path(f"{name_of(songs)}_atlas")
    if by.engine == "memory":
        written = _build_here(
            songs,
            chosen,
            directory,
            like=like,
            figures=figures,
            raw_cells=raw_cells,
            workers=workers,
            as_json=as_json,
        )
    else:
        large = Large(by, asked, raw_cells=raw_cells)
        written = build_large(songs, chosen, directory, large, like=like, figures=figures, as_json=as_json)
    tell.atlas(written, as_json=as_json)


def _preview(songs: str, chosen: AtlasSettings, by: Chosen, *, as_json: bool) -> None:
    """Say what is understood of a table, and write nothing."""
    from songatlas.atlas import preview

    if by.lies == "music":
        refuse_folder(Path(songs), "build --dry-run")
    if by.engine == "stream" or by.lies != "file":
        preview_large(songs, chosen, by, as_json=as_json)
        return
    table, clean = preview(songs, chosen)
    tell.reading(table, clean, as_json=as_json)


def _build_here(
    source: str,
    chosen: AtlasSettings,
    directory: Path,
    *,
    like: Path | None,
    figures: bool,
    raw_cells: bool,
    workers: int | None,
    as_json: bool,
) -> WrittenOutputs:
    """Build with all songs in memory; a folder of music is measured first."""
    from songatlas.atlas import build_atlas
    from songatlas.atlas.build import with_source
    from songatlas.atlas.identity import check_names
    from songatlas.report import write_outputs
    from songatlas.report.outputs import require_outputs_place
    from songatlas.report.outputs_place import require_own_scan

    songs = Path(source)
    music = songs.absolute().name if songs.is_dir() else ""
    check_names(directory / "atlas")
    require_outputs_place(directory, source=songs)
    if music:
        require_own_scan(directory / "songs.parquet", folder=True)
        with progress_bar() as progress:
            found = scan_songs(songs, directory / "songs.parquet", workers=workers, progress=progress)
        songs = found.output
        if not as_json:
            tell_scan(found)
    with progress_bar() as progress:
        atlas = build_atlas(songs, chosen, like=like, progress=part(progress, 0.0, 0.8))
        if music:
            note = f"The songs are the music files of the folder {music!r}, measured into {songs.name}"
            atlas = with_source(atlas, name=music, note=note)
        told = part(progress, 0.8, 1.0)
        return write_outputs(atlas, directory, figures=figures, progress=told, raw_cells=raw_cells)


def demo(
    songs: Annotated[
        int, typer.Option("--songs", metavar="N", help="Rows of the simulated catalogue.", min=50)
    ] = 4000,
    output: opt.Output = None,
    k: opt.K = None,
    seed: opt.Seed = None,
    like: opt.Like = None,
    as_json: opt.AsJson = False,
    threads: opt.Threads = None,
    engine: opt.Engine = None,
    memory: opt.Memory = None,
    master: opt.Master = None,
    spark_kmeans: opt.SparkKMeans = None,
    spark_conf: opt.SparkConf = None,
) -> None:
    """Build the atlas of a simulated catalogue, to see everything without a table of your own.

    With --engine stream the catalogue is first written into songs/ of the folder, in files of 500,000 rows;
    on Spark the executors make it.
    """
    chosen = opt.read_settings(None, k=opt.read_k(k), seed=seed, threads=threads)
    asked = opt.read_engine(
        engine, memory=memory, master=master, spark_kmeans=spark_kmeans, spark_conf=spark_conf
    )
    by = engine_for_rows(songs, asked)
    directory = output or Path("demo_atlas")
    if by.engine == "memory":
        written = _demo_here(songs, chosen, directory, like=like)
    else:
        written = build_large_demo(songs, chosen, directory, Large(by, asked), like=like, as_json=as_json)
    tell.atlas(written, as_json=as_json)


def _demo_here(n_songs: int, chosen: AtlasSettings, directory: Path, *, like: Path | None) -> WrittenOutputs:
    """Build the atlas of a simulated catalogue with all songs in memory."""
    from songatlas.atlas import build_demo
    from songatlas.atlas.identity import check_names
    from songatlas.report import write_outputs
    from songatlas.report.outputs import require_outputs_place

    check_names(directory / "atlas")
    require_outputs_place(directory)
    with progress_bar() as progress:
        atlas = build_demo(n_songs, chosen, like=like, progress=part(progress, 0.0, 0.8))
        return write_outputs(atlas, directory, progress=part(progress, 0.8, 1.0))
