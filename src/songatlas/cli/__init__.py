"""The command line: every command is a thin call of one library function.

Results go to stdout, progress and errors to stderr. A mistake of the person's ends with one line that
says the next step and exit status 2, as does a machine without enough memory or disk; an interrupted run
ends with 130. Nothing heavy is imported before a command runs, so that `songatlas --help` answers at once.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer

import songatlas
from songatlas.cli import options as opt
from songatlas.cli import tell
from songatlas.cli.app import app as walk
from songatlas.cli.artists import artists
from songatlas.cli.build import build, demo
from songatlas.cli.compare import compare
from songatlas.cli.playlist import playlist
from songatlas.cli.recommend import recommend
from songatlas.cli.scan import refuse_folder, scan
from songatlas.cli.terminal import harmless, print_no_more, progress_bar, take_every_letter
from songatlas.cli.verify import verify
from songatlas.errors import SongAtlasError, in_brief, quoted
from songatlas.files import write_file

# Typer shows its wrong-usage error only as the parent of this one.
_UsageError: Any = typer.BadParameter.__mro__[1]

_FULL: Final = {errno.ENOSPC, errno.EIO, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_RIGHTS: Final = "ask for the right to read and write it, or name another"
_NEXT_STEPS: Final = {
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ENAMETOOLONG: "give it a shorter name, or name another",
    errno.ENOENT: "it may just have been moved: look where it is, and say it again",
    errno.ENOSPC: "make room, or name a place on another disk",
}
_OTHERWISE: Final = "look at that file or folder, or name another"
_MOST_THREADS: Final = 1024
_PANICKED: Final = (
    "a file is damaged in a way that broke its reader: fetch or export it anew, as CSV or Parquet, and if "
    "that does not help, report it with what 'songatlas info' says"
)

app = typer.Typer(
    name="songatlas",
    help="Turn a table of songs into an atlas: clusters with names, and the evidence for them.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line; every mistake of the person's becomes one line and exit status 2."""
    take_every_letter()
    _mend_surroundings()
    try:
        status = app(standalone_mode=False)
    except SongAtlasError as error:
        _fail(str(error))
    except _UsageError as error:
        command = error.ctx.command_path if error.ctx else "songatlas"
        _fail(f"{error.format_message().rstrip('.')}; see {command} --help")
    except (typer.Abort, KeyboardInterrupt):
        _fail("stopped; what was there before is unchanged", status=130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.filename is None and error.errno in _FULL:
            print_no_more(sys.stdout)
            _fail(f"cannot write what was found: {error.strerror}; make room, or send it elsewhere")
        _fail(_refused(error))
    except RecursionError:
        _fail(
            "a file is nested deeper than anything that songatlas writes or reads: name another, or export "
            "it anew"
        )
    except MemoryError:
        _fail(
            "this takes more memory than there is: close other programs, give fewer songs, or build with "
            "--engine stream, which keeps within --memory"
        )
    except _panics() as error:
        _fail(f"{_PANICKED}; the reader says {str(error)!r}")
    sys.exit(status if isinstance(status, int) else 0)


def _mend_surroundings() -> None:
    """Refuse what variables of the environment say wrongly, where a library would fail at it."""
    if "MPLBACKEND" in os.environ:  # figures are drawn into files alone
        os.environ["MPLBACKEND"] = "agg"
    threads = os.environ.get("POLARS_MAX_THREADS") or "1"
    if not re.fullmatch("[0-9]{1,4}", threads) or not 1 <= int(threads) <= _MOST_THREADS:
        _fail(
            f"the environment variable POLARS_MAX_THREADS is {quoted(threads)}: it must be a whole number "
            f"from 1 to {_MOST_THREADS:,}, or not set"
        )
    if "SONGATLAS_KERNELS" in os.environ:
        try:
            import_module("songatlas.kernels")
        except ValueError as error:
            _fail(f"the environment variable {error}")


def _refused(error: OSError) -> str:
    """Say what the system refuses, and what to do."""
    reason = error.strerror or in_brief(error)
    told = f"{reason[:1].lower()}{reason[1:]}"
    if error.filename is None and error.errno == errno.ENOENT and not _stands_somewhere():
        return "the folder that this runs in is gone: go to another with cd, and say it again"
    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    what = f"{' -> '.join(quoted(name, longest=300) for name in names)}: {told}" if names else told
    return f"{what}; {_NEXT_STEPS.get(error.errno or 0, _OTHERWISE)}"


def _stands_somewhere() -> bool:
    """Whether the folder that this runs in is still there."""
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _panics() -> tuple[type[BaseException], ...]:
    """What Polars raises where it breaks, if anything has asked for Polars; no `Exception`."""
    polars = sys.modules.get("polars")
    return () if polars is None else (polars.exceptions.PanicException,)


def _fail(message: str, *, status: int = 2) -> None:
    """Print one line on stderr and leave."""
    line = harmless(" ".join(message.split()))
    try:
        print(f"songatlas: {line}", file=sys.stderr)  # noqa: T201 (Rich would wrap the line)
    except OSError:  # then the status tells
        print_no_more(sys.stderr)
    sys.exit(status)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(f"songatlas {songatlas.__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command("build", short_help="Turn a table of songs, or a folder of music, into an atlas.")(build)
app.command("demo", short_help="Build the atlas of a simulated catalogue.")(demo)


@app.command(short_help="Find the cluster of every song of another table.")
def assign(
    atlas: Annotated[Path, typer.Argument(metavar="ATLAS", help="Folder that 'songatlas build' wrote.")],
    songs: Annotated[Path, typer.Argument(metavar="SONGS", help="Table of songs to place in its clusters.")],
    output: opt.CsvOutput = None,
    column: opt.Columns = None,
    unit: opt.Units = None,
    header: opt.Header = None,
    raw_cells: opt.RawCells = False,
    as_json: opt.AsJson = False,
) -> None:
    """Find the cluster of every song of another table, and write the table with its clusters."""
    from songatlas.atlas import Atlas
    from songatlas.report import write_rows
    from songatlas.report.outputs_place import require_own_rows

    refuse_folder(songs, "assign")
    target = output or Path(f"{songs.stem}_clustered.csv")
    opt.require_folder(target)
    opt.require_unread(target, songs, atlas)
    if output is None:
        require_own_rows(target)
    with progress_bar() as progress:
        progress(0.0, "opening the atlas")
        loaded = Atlas.load(atlas)
        progress(0.2, "reading and placing the songs")
        rows = loaded.assign(
            songs,
            columns=opt.read_pairs("--column", column),
            units=opt.read_pairs("--unit", unit),
            header=tuple(header.split(",")) if header else None,
        )
        progress(0.9, "writing")
        write_rows(rows, target, raw_cells=raw_cells)
        progress(1.0, "done")
    tell.rows(rows, target, as_json=as_json)


@app.command(short_help="Say why songs are in their clusters.")
def why(
    atlas: Annotated[Path, typer.Argument(metavar="ATLAS", help="Folder that 'songatlas build' wrote.")],
    songs: Annotated[
        list[str],
        typer.Argument(metavar="SONG", help="Id, link, 'Title - Artist', title or file; several songs too."),
    ],
    as_json: opt.AsJson = False,
) -> None:
    """Say why songs are in their clusters rather than in the next ones, in words and numbers."""
    from songatlas.atlas import Atlas

    loaded = Atlas.load(atlas)
    tell.reasons([loaded.why(song) for song in songs], as_json=as_json)


@app.command(short_help="Try spaces, features and k side by side.")
def tune(
    songs: Annotated[
        Path,
        typer.Argument(metavar="SONGS", help="Table of songs: CSV, TSV, Parquet, JSON lines or Excel."),
    ],
    k: opt.K = None,
    seed: opt.Seed = None,
    genre: opt.Genre = None,
    space: opt.Space = None,
    weights: opt.Weights = None,
    feature_weights: opt.FeatureWeights = None,
    genre_pull: opt.GenrePull = None,
    features: opt.Features = None,
    keep: opt.Keep = None,
    column: opt.Columns = None,
    unit: opt.Units = None,
    header: opt.Header = None,
    settings: opt.SettingsFile = None,
    settings_out: Annotated[
        Path | None,
        typer.Option("--settings-out", metavar="FILE", help="TOML file to write the settings to."),
    ] = None,
    as_json: opt.AsJson = False,
    threads: opt.Threads = None,
) -> None:
    """Try scalings, blocks, weights of features and numbers of clusters side by side on a sample.

    Prints a table of all of them, which one to take and why, and the command that builds with it. Nothing
    is written but the file of --settings-out.
    """
    from songatlas.atlas.tune import tune as tune_songs

    start = opt.read_settings(
        settings,
        k=opt.read_k(k),
        seed=seed,
        genre=genre,
        space=space,
        weights=opt.read_weights(weights),
        feature_weights=opt.read_weights(feature_weights, option="--feature-weights"),
        genre_pull=genre_pull,
        features=features,
        keep=keep,
        columns=opt.read_pairs("--column", column),
        units=opt.read_pairs("--unit", unit),
        header=header,
        threads=threads,
    )
    refuse_folder(songs, "tune")
    if settings_out is not None:
        opt.require_folder(settings_out)
        opt.require_unread(settings_out, songs, settings)
    with progress_bar() as progress:
        found = tune_songs(songs, start, progress=progress)
    if settings_out is not None:
        write_file(settings_out, found.settings.to_toml())
    tell.tuning(found, songs, as_json=as_json)


@app.command(short_help="Print versions, kernels and threads.")
def info(as_json: opt.AsJson = False) -> None:
    """Print versions, kernels and threads: what somebody who helps you would ask for."""
    import os
    import platform
    from importlib.metadata import version
    from importlib.util import find_spec

    from songatlas.kernels import engine_name

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    audio = ("soundfile", "av", "soxr", "tinytag")
    packages = ("numpy", "polars", "scikit-learn", "matplotlib", "jinja2", "typer", "rich")
    facts = {
        "songatlas": songatlas.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "kernels": engine_name(),
        "threads": str(cores),
        **{name: version(name) for name in packages},
        **{name: version(name) for name in ("streamlit", "plotly", *audio) if find_spec(name)},
    }
    tell.facts(facts, as_json=as_json)


app.command("scan", short_help="Measure a folder of music files: a songs table.")(scan)
app.command("recommend", short_help="Recommend songs that go with liked ones, and say why.")(recommend)
app.command("playlist", short_help="Make a playlist that a player opens.")(playlist)
app.command("artists", short_help="Tell of the artists, who is typical of clusters, and the market.")(artists)
app.command("compare", short_help="Say what became of the clusters of an older atlas.")(compare)
app.command("verify", short_help="Say whether an atlas and its outputs are as they were written.")(verify)
app.command("app", short_help="Walk through a catalogue in the browser.")(walk)
