"""The waist of songatlas: settings in, an atlas out.

This room alone knows the order of the steps (`build`, `fitting`, `making`; `large.road` in parts); every face
(command line, report, app) is a thin call of `build_atlas` and of the methods of `Atlas`.
"""

from songatlas.atlas.atlas import Atlas
from songatlas.atlas.build import build_atlas, build_demo, preview
from songatlas.atlas.rows import ClusteredRows
from songatlas.atlas.settings import AtlasSettings

__all__ = ["Atlas", "AtlasSettings", "ClusteredRows", "build_atlas", "build_demo", "preview"]
