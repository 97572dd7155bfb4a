"""The map of the songs for a browser: what it is told, packed small, and the page part that draws it."""

from songatlas.starmap.colouring import (
    N_SHAPES,
    Colouring,
    MapGroup,
    cluster_colouring,
    named_colouring,
    ramp_colouring,
    shape_of,
)
from songatlas.starmap.lasso import songs_inside
from songatlas.starmap.packing import (
    CHUNK,
    MapFrame,
    map_frame,
    name_chunk,
    name_chunks,
    pack_labels,
    pack_order,
    pack_places,
    pack_values,
)
from songatlas.starmap.page import (
    in_page,
    map_page_part,
    map_settings,
    named_by_address,
    named_by_parts,
    script,
    styles,
)
from songatlas.starmap.spots import label_spots

__all__ = [
    "CHUNK",
    "N_SHAPES",
    "Colouring",
    "MapFrame",
    "MapGroup",
    "cluster_colouring",
    "in_page",
    "label_spots",
    "map_frame",
    "map_page_part",
    "map_settings",
    "name_chunk",
    "name_chunks",
    "named_by_address",
    "named_by_parts",
    "named_colouring",
    "pack_labels",
    "pack_order",
    "pack_places",
    "pack_values",
    "ramp_colouring",
    "script",
    "shape_of",
    "songs_inside",
    "styles",
]
