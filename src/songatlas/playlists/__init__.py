"""Playlists: files that players and services read, and the orders in which songs follow each other."""

from __future__ import annotations

from songatlas.playlists.choosing import MINUTES, PER_ARTIST, Length, fill
from songatlas.playlists.file_names import safe_file_name, safe_file_names
from songatlas.playlists.formats import (
    FORMATS,
    Format,
    held_in_place,
    left_out,
    playlist_text,
    write_playlist,
)
from songatlas.playlists.keys import STRICTNESS, camelot_distance, harmonic, key_name
from songatlas.playlists.locating import Located, locate_all
from songatlas.playlists.orders import ARTIST_GAP, ORDERS, Order, order_songs
from songatlas.playlists.paths import evenness, path_between
from songatlas.playlists.reading import playlist_of_bytes, read_playlist
from songatlas.playlists.templates import TEMPLATE_FIELDS, locate
from songatlas.playlists.tours import cheapest_order, shortest_tour, tour_length
from songatlas.playlists.tracks import Track, TrackList, normal, spotify_uri_of
from songatlas.playlists.transitions import summarize, summary_sentence, transitions

__all__ = [
    "ARTIST_GAP",
    "FORMATS",
    "MINUTES",
    "ORDERS",
    "PER_ARTIST",
    "STRICTNESS",
    "TEMPLATE_FIELDS",
    "Format",
    "Length",
    "Located",
    "Order",
    "Track",
    "TrackList",
    "camelot_distance",
    "cheapest_order",
    "evenness",
    "fill",
    "harmonic",
    "held_in_place",
    "key_name",
    "left_out",
    "locate",
    "locate_all",
    "normal",
    "order_songs",
    "path_between",
    "playlist_of_bytes",
    "playlist_text",
    "read_playlist",
    "safe_file_name",
    "safe_file_names",
    "shortest_tour",
    "spotify_uri_of",
    "summarize",
    "summary_sentence",
    "tour_length",
    "transitions",
    "write_playlist",
]
