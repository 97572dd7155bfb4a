"""The waist of songatlas: settings in, an atlas out.

`build_atlas` alone knows the order of the steps; every face (command line, report, app) is a thin call
of it and of the methods of `Atlas`.
"""

from songatlas.atlas.atlas import Atlas
from songatlas.atlas.build import build_atlas, build_demo, preview
from songatlas.atlas.rows import ClusteredRows
from songatlas.atlas.settings import AtlasSettings

__all__ = ["Atlas", "AtlasSettings", "ClusteredRows", "build_atlas", "build_demo", "preview"]
