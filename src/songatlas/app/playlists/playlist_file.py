"""A playlist as a file: its name, format and the places of its songs, and what the file leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import streamlit as st

from songatlas.app.visit.state import keep, kept
from songatlas.app.words import page_words
from songatlas.atlas import Atlas
from songatlas.atlas.playlist import (
    INDEX_FILE,
    Playlist,
    all_cluster_playlists,
    playlist_tracks,
    playlists_index,
)
from songatlas.atlas.song_files import file_of
from songatlas.errors import SongAtlasError
from songatlas.playlists import (
    FORMATS,
    TEMPLATE_FIELDS,
    TrackList,
    left_out,
    locate_all,
    playlist_text,
    safe_file_name,
    safe_file_names,
)
from songatlas.safe_cells import text_of_cells


@dataclass(frozen=True, kw_only=True)
class PlaylistFile:
    """A file to be saved.

    Attributes
    ----------
    name : str
        With its suffix, safe on every system.
    text : str
    mime : str
    notes : tuple of str
        What of the songs a player or a service will miss.
    has_paths : bool
        Whether it names files by their whole paths.
    """

    name: str
    text: str
    mime: str
    notes: tuple[str, ...]
    has_paths: bool = False


def playlist_file(
    atlas: Atlas, playlist: Playlist, form: str, *, name: str | None = None, template: str | None = None
) -> PlaylistFile:
    """Return a playlist as a file of some format.

    Parameters
    ----------
    atlas : Atlas
    playlist : Playlist
    form : str
        A name of `FORMATS`.
    name : str, optional
        What the playlist is called, by default as it is.
    template : str, optional
        Where songs are, see `songatlas.playlists.templates.locate`.

    Raises
    ------
    BadSettings
        If the template cannot be read, or the format can hold none of the songs.
    """
    tracks = file_tracks(atlas, playlist, form, name=name, template=template)
    added = playlist.songs["added"].arg_true().to_list()
    known = set(tracks.notes)
    tracks = replace(tracks, notes=())
    suffix = FORMATS[form].suffixes[0]
    return PlaylistFile(
        name=f"{safe_file_name(tracks.name, set())}{suffix}",
        text=playlist_text(tracks, form),
        mime=FORMATS[form].mime,
        notes=(*sorted(known), *left_out(tracks, form, added=added)),
        has_paths=form != "uris" and any(file_of(track.location) for track in tracks.tracks),
    )


def file_tracks(
    atlas: Atlas, playlist: Playlist, form: str, *, name: str | None = None, template: str | None = None
) -> TrackList:
    """Return a playlist as its file holds it, with what was said of the places of its songs as notes.

    Whether files are there is not looked up: the player that opens the list may run on another machine.
    """
    tracks = playlist_tracks(atlas, playlist, with_ids=form == "uris")
    if name and name.strip():
        tracks = replace(tracks, name=name.strip())
    if form in ("csv", "uris") or not (template and template.strip()):
        return tracks
    added = playlist.songs["added"].arg_true().to_list()
    located = locate_all(tracks, template=template.strip(), added=added, look_for_files=False)
    return replace(located.tracks, notes=located.notes)


def cluster_playlists(atlas: Atlas, form: str, wishes: Mapping[str, Any], *, template: str | None) -> bytes:
    """Return a ZIP archive with one playlist for each cluster, and `playlists.csv`, a list of them.

    Parameters
    ----------
    atlas : Atlas
    form : str
        A name of `FORMATS`.
    wishes : mapping
        Arguments of `make_playlist` but for the source.
    template : str or None
        As in `playlist_file`.
    """
    packed = BytesIO()
    made = all_cluster_playlists(atlas, **wishes)
    names = safe_file_names([each.name for each in made], FORMATS[form].suffixes[0], beside=INDEX_FILE)
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, playlist in zip(names, made, strict=True):
            file = playlist_file(atlas, playlist, form, template=template)
            archive.writestr(name, file.text.encode("utf-8", "replace"))
        archive.writestr(INDEX_FILE, text_of_cells(playlists_index(made, names)))
    return packed.getvalue()


def show_download(atlas: Atlas, playlist: Playlist) -> None:
    """Show name, format and places, and the button that saves the file."""
    st.text_input("Name of the playlist", key=keep("playlist.name", playlist.name))
    form = (
        st.segmented_control(
            "Format",
            list(FORMATS),
            key=keep("format", "m3u8", in_address=True, allowed=FORMATS.__contains__),
            format_func=lambda form: FORMATS[form].title,
            required=True,
        )
        or "m3u8"
    )
    st.caption(FORMATS[form].description)
    if form not in ("csv", "uris"):
        _places_field()
    try:
        file = playlist_file(
            atlas, playlist, form, name=kept("playlist.name"), template=kept("playlist.template")
        )
    except SongAtlasError as error:
        page_words.show_error(error)
        return
    st.download_button(
        f"Save {FORMATS[form].title} file",
        data=file.text.encode("utf-8", "replace"),
        file_name=file.name,
        mime=file.mime,
        type="primary",
        on_click="ignore",
        key=f"save_{form}",
    )
    page_words.show_notes((*file.notes, *_paths_told(file)))


def _paths_told(file: PlaylistFile) -> tuple[str, ...]:
    """That a list with whole paths plays on this computer alone, and how to get one that can travel."""
    if not file.has_paths:
        return ()
    return (
        "The file names songs by their whole paths on the computer that songatlas runs on, wherever you save "
        "it. For a list that travels with its music, let songatlas playlist write it beside the music (-o).",
    )


def _places_field() -> None:
    """Where the files of the songs are."""
    fields = ", ".join(f"{{{field}}}" for field in TEMPLATE_FIELDS)
    st.text_input(
        "Where your files are",
        key=keep("playlist.template", ""),
        placeholder="/music/{artist}/{album}/{title}.mp3",
        help="A path or an address with words in braces that stand for what each song is called: "
        f"{fields}. Without it, songs are named by their own files where the table knows these, else by "
        "their Spotify address where they have one.",
    )
