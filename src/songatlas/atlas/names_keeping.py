"""Names that a person gives to clusters of an open atlas, written into its `names.toml`.

`still_holds` says whether the folder is still the one that was opened.

Nothing that the file says already is lost: names of clusters that were not touched, names of clusters that
are not there at present, and comments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from songatlas.atlas.names_file import NAMES, NamesFile, names_text, read_names
from songatlas.atlas.saved import folder_of, load_atlas
from songatlas.atlas.settings import AtlasSettings
from songatlas.errors import BadAtlas, SongAtlasError
from songatlas.files import write_file

if TYPE_CHECKING:
    from songatlas.atlas.atlas import Atlas


def text_of_names(
    generated: Sequence[str], names: Sequence[str], sizes: Sequence[int], *, file: NamesFile | None = None
) -> str:
    """Return a `names.toml` that gives names to clusters, with what else a person wrote before.

    Parameters
    ----------
    generated, names : sequence of str
        What songatlas calls every cluster, and what it shall be called.
    sizes : sequence of int
        Songs of every cluster.
    file : NamesFile, optional
        What a person wrote before.

    Raises
    ------
    BadSettings
        If two clusters would have one name.
    """
    lines = {own: "" if own == name else name for own, name in zip(generated, names, strict=True)}
    NamesFile(path=Path(NAMES), text="", given=lines, gone={}).shown_names(generated)
    gone = (
        {}
        if file is None
        else {own: each for own, each in file.gone.items() if not _is_over(own, file, lines)}
    )
    comments = () if file is None else file.comments()
    return names_text(generated, names, sizes, gone=gone, comments=comments)


def _is_over(own: str, file: NamesFile, lines: Mapping[str, str]) -> bool:
    """Whether a name that waited for its cluster came to be its name, or was taken back."""
    return own in lines and not (file.given.get(own) and lines[own])


def still_holds(directory: Path, atlas: Atlas) -> bool:
    """Say whether a folder holds the very atlas that was opened from it, by its manifest alone.

    Parameters
    ----------
    directory : Path
        Folder of the atlas, or the one of outputs around it.
    atlas : Atlas
        As it was opened.

    Returns
    -------
    bool
        False, too, where no atlas lies there any more, or none that can be read.
    """
    try:
        manifest = json.loads((folder_of(directory) / "manifest.json").read_bytes())
        built_with = AtlasSettings.from_dict(manifest["settings"])
        told = (manifest["created"], manifest["input"]["sha256"], built_with)
    except (SongAtlasError, OSError, ValueError, KeyError, TypeError):
        return False
    return told == (atlas.created, atlas.source.sha256, atlas.settings)


def keep_names(directory: Path, atlas: Atlas, given: Mapping[int, str]) -> Path:
    """Write names into the `names.toml` of the folder that an atlas was opened from.

    Parameters
    ----------
    directory : Path
        Folder of the atlas, or the one of outputs around it.
    atlas : Atlas
        As it was opened.
    given : mapping of int to str
        Cluster -> the name that a person gives to it; the generated one takes a name back.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    BadAtlas
        If another atlas lies there by now, or none.
    BadSettings
        If the file there is bad, or the names do not go together; nothing is changed then.
    SongAtlasError
        If it cannot be written.
    """
    folder = folder_of(directory)
    now = load_atlas(folder)
    if now.generated.names != atlas.generated.names or not still_holds(folder, atlas):
        raise BadAtlas(
            f"the atlas in {str(directory)!r} was built anew since it was opened, so its clusters may be "
            "others: open it again, and name the clusters there"
        )
    file = read_names(folder)
    names = tuple(given.get(cluster, name) for cluster, name in enumerate(now.cluster_names()))
    sizes = [profile.size for profile in now.profiles]
    text = text_of_names(now.generated.names, names, sizes, file=file)
    write_file(folder / NAMES, text, follow_links=False)  # whoever gave away the folder may have made a link
    return folder / NAMES
