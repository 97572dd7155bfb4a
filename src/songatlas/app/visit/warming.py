"""What the first other k, search and song card need, worked out while the map is looked at."""

from __future__ import annotations

import time
from typing import Final

from songatlas.app.server.jobs import Job
from songatlas.atlas import Atlas
from songatlas.atlas.song_card import similar_songs
from songatlas.atlas.song_search import search_texts
from songatlas.atlas.views import swept_ks
from songatlas.progress import Progress

_AFTER: Final = 1.0  # seconds in which the browser fetches the map undisturbed


def warm_up(atlas: Atlas) -> Job[None]:
    """Begin to work out what sliders, searches and cards need, unless that was begun."""
    return atlas.kept.get("warming", None, lambda: Job(lambda progress: _work_out(atlas, progress)))


def is_warm(atlas: Atlas) -> bool:
    """Whether that is done, so that a card comes at once."""
    return warm_up(atlas).state != "running"


def _work_out(atlas: Atlas, progress: Progress) -> None:
    time.sleep(_AFTER)
    progress(0.0, "looking at the numbers of clusters")
    swept_ks(atlas)
    progress(0.3, "reading all titles")
    search_texts(atlas)
    progress(0.5, "comparing all songs")
    if atlas.songs.height > 1:
        similar_songs(atlas, 0, n=1)
    progress(1.0, "done")
