"""Opens a playlist in VLC's engine without a window and prints as JSON what it played.

The engine is asked instead of the `vlc` command, which refuses to run as root. Each song is a list of its
URI, whether playing came to an end, title and artist as VLC shows them, and its duration in milliseconds.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sys
import time
from collections.abc import Callable

ENDED, FAILED = 6, 7
TITLE, ARTIST = 0, 1
PATIENCE = 20.0
POINTER, TEXT, NUMBER, LONG = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_longlong
FUNCTIONS = {
    "new": (POINTER, (NUMBER, ctypes.POINTER(TEXT))),
    "media_new_path": (POINTER, (POINTER, TEXT)),
    "media_parse_with_options": (NUMBER, (POINTER, NUMBER, NUMBER)),
    "media_get_parsed_status": (NUMBER, (POINTER,)),
    "media_subitems": (POINTER, (POINTER,)),
    "media_list_count": (NUMBER, (POINTER,)),
    "media_list_item_at_index": (POINTER, (POINTER, NUMBER)),
    "media_get_mrl": (TEXT, (POINTER,)),
    "media_get_meta": (TEXT, (POINTER, NUMBER)),
    "media_get_duration": (LONG, (POINTER,)),
    "media_player_new_from_media": (POINTER, (POINTER,)),
    "media_player_play": (NUMBER, (POINTER,)),
    "media_player_get_state": (NUMBER, (POINTER,)),
}


def wait(is_done: Callable[[], bool]) -> None:
    """Wait until it is done, but not for ever."""
    until = time.monotonic() + PATIENCE
    while not is_done() and time.monotonic() < until:
        time.sleep(0.01)


def main(path: str) -> None:
    """Parse the playlist, play each of its songs, print what was played."""
    library = ctypes.CDLL(ctypes.util.find_library("vlc") or "libvlc.so.5")
    call = {}
    for name, (result, arguments) in FUNCTIONS.items():
        call[name] = getattr(library, f"libvlc_{name}")
        call[name].restype, call[name].argtypes = result, arguments
    options = (b"--aout=adummy", b"--no-video", b"--quiet", b"--no-metadata-network-access")
    engine = call["new"](len(options), (TEXT * len(options))(*options))
    playlist = call["media_new_path"](engine, path.encode())
    call["media_parse_with_options"](playlist, 0, int(PATIENCE * 1000))
    wait(lambda: call["media_get_parsed_status"](playlist) != 0)
    songs = call["media_subitems"](playlist)
    played = []
    for place in range(call["media_list_count"](songs)):
        song = call["media_list_item_at_index"](songs, place)
        player = call["media_player_new_from_media"](song)
        shown = [(call["media_get_meta"](song, kind) or b"").decode() for kind in (TITLE, ARTIST)]
        call["media_player_play"](player)
        wait(lambda player=player: call["media_player_get_state"](player) in (ENDED, FAILED))
        is_played = call["media_player_get_state"](player) == ENDED
        duration = call["media_get_duration"](song)
        played.append([call["media_get_mrl"](song).decode(), is_played, *shown, duration])
    print(json.dumps(played))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(sys.argv[1])
