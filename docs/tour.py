# %% [markdown]
# # The tour: from a table to playlists
#
# One table of songs, every step that songatlas takes with it, and every figure. It needs no network, and
# writes into the folder in which it is started. The songs are simulated: no title or artist in them exists.
#
# This page is a notebook, [tour.ipynb](tour.ipynb), and the notebook is made of a script, `docs/tour.py`.
# To run it yourself: `python ../docs/tour.py` in a new folder, or the notebook in any program for notebooks
# (such as JupyterLab). With a table of your own, put its path in the place of `"songs.csv"` below: a table
# that is there is read, and never written.

# %%
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import songatlas
from songatlas.demo import simulate_catalogue

config = pl.Config(
    tbl_rows=10,
    tbl_cols=12,
    fmt_str_lengths=70,
    tbl_width_chars=160,
    fmt_float="mixed",
    tbl_hide_dataframe_shape=True,
    tbl_hide_column_data_types=True,
)

# %% [markdown]
# ## A table
#
# Six hundred rows, with the headers that a Spotify export has, and with the faults that real tables have:
# rows that stand twice, cells that are empty, audio plays among the songs.

# %%
TABLE = Path("songs.csv")
if not TABLE.exists():
    simulate_catalogue(600, seed=0).write_csv(TABLE)
pl.read_csv(TABLE).select("track_name", "track_artist", "genres", "energy", "tempo", "duration_ms").head(4)

# %% [markdown]
# ## What is understood of it
#
# `read_songs` finds out which column is which, and in which unit. Nothing is changed in your table: what
# was understood is told column by column, so that you can correct it (`columns={"energy": "nrgy"}`,
# `units={"duration_ms": "s"}`).

# %%
table = songatlas.read_songs(TABLE)
for each in table.columns[:12]:
    print(f"{each.header:<26} -> {each.column or 'left alone':<14} {each.unit or '':<11} {each.how_sure}")

# %% [markdown]
# ## What is left out, and why
#
# Every rule says how many songs it took out or joined. No row is ever lost: each one comes back in the
# clustered table, those that were left out with the reason.

# %%
from songatlas.atlas import preview

_, clean = preview(TABLE, songatlas.AtlasSettings())
for count in clean.counts:
    if count.n_rows:
        print(count.sentence)

# %% [markdown]
# ## The atlas
#
# Reading and cleaning are part of `build_atlas`; above they only stood alone so that you could look. It
# turns songs into points, tries every number of clusters, weighs the evidence, and names what it finds. The
# same table, settings and seed give the same atlas, bit for bit.

# %%
atlas = songatlas.build_atlas(TABLE, k_max=8, seed=0)
print(f"{atlas.n_clustered} of {atlas.n_songs} songs in {atlas.k} clusters")

# %% [markdown]
# ## The verdict on k, with its evidence
#
# How many clusters are there? Eight rules are asked, each may say "none", and where they disagree you are
# told. These songs shade into each other, as real catalogues do, so the verdict says openly that the
# clusters are regions of one cloud. They are still useful: a map of a country needs no walls between its
# regions.

# %%
print(atlas.verdict.sentence, "\n")
for vote in atlas.verdict.votes:
    print(f"{vote.rule:<18} {vote.k or 'none':<5} {vote.sentence}")

# %% [markdown]
# Behind each vote stands a number for every k that was tried. [Why k is a choice](concepts/k.md) explains
# them.

# %%
atlas.evidence.select("k", "silhouette", "davies_bouldin", "stability", "gap", "ami").with_columns(
    pl.selectors.float().round(3)
)

# %% [markdown]
# Before you believe a result, the lint says what may mislead in it.

# %%
for finding in atlas.findings:
    print(f"{finding.severity}: {finding.sentence}")
print(len(atlas.findings), "findings")

# %% [markdown]
# ## The clusters
#
# A name rests on what sets a cluster apart from the whole catalogue, and the evidence says by how much.

# %%
for profile in atlas.profiles:
    print(f"{profile.cluster}  {profile.name}: {profile.size} songs\n   {profile.evidence}")

# %% [markdown]
# ## Every figure
#
# `write_outputs` writes all that a person gets: your table with a cluster on every row, the clusters, nine
# figures, a report in one file, and the saved atlas.

# %%
from songatlas.figures import FIGURES

written = songatlas.write_outputs(atlas, "tour_atlas")
print(*written.entries, sep="\n")


@dataclass(frozen=True)
class Picture:
    """A figure as a notebook shows it."""

    name: str

    def _repr_png_(self) -> bytes:
        return Path("tour_atlas", "figures", f"{self.name}.png").read_bytes()

    def __repr__(self) -> str:
        return FIGURES[self.name].title


# %% [markdown]
# **The map.** Every point is a song and its colour is its cluster; the words at the ends of the axes say
# what changes on the way.

# %%
Picture("pca_map")

# %% [markdown]
# **What the clusters sound like.** Orange is more than in the whole catalogue, blue is less.

# %%
Picture("profile_heatmap")

# %% [markdown]
# **What sets each cluster apart**, the strongest contrast first: 50 is like the rest.

# %%
Picture("feature_bars")

# %% [markdown]
# **How the features spread.** A mean says little where songs differ: each ridge is high where many songs
# lie.

# %%
Picture("feature_distributions")

# %% [markdown]
# **The elbow.** The sum of squared distances falls with every further cluster; a clear bend would speak for
# a number. There is none here.

# %%
Picture("elbow")

# %% [markdown]
# **Silhouettes.** Near 1 a song is much nearer to its own cluster than to the next; below 0 it is nearer to
# another.

# %%
Picture("silhouette")

# %% [markdown]
# **Sizes.**

# %%
Picture("cluster_sizes")

# %% [markdown]
# **Genres.** They took no part in making the clusters, so that it means something where the two agree.

# %%
Picture("genre_heatmap")

# %% [markdown]
# **Artists**, each cut by the clusters of its songs.

# %%
Picture("artists")

# %% [markdown]
# ## How far clusters and genres agree
#
# Every score stands between chance (the same clusters, genres shuffled among artists) and ceiling (a
# classifier that was taught the genres, tried on artists it never met).

# %%
genre = atlas.genre or {}
print(genre["sentence"])
for index in ("ami", "purity"):
    chance, found, ceiling = genre[f"chance_{index}"], genre[index], genre[f"ceiling_{index}"]
    print(f"{index:<7} by chance {chance:.2f}, found {found:.2f}, at best {ceiling:.2f}")

# %% [markdown]
# ## Names of your own
#
# In the saved atlas lies `names.toml`: left the name that songatlas gave, right the one to show instead.
# The file is yours, and later builds into the folder carry your names over.

# %%
names = Path("tour_atlas", "atlas", "names.toml")
shown = atlas.cluster_names()[1]
names.write_text(names.read_text("utf-8").replace(f'"{shown}" = ""', f'"{shown}" = "Street corner"'), "utf-8")
atlas = songatlas.Atlas.load("tour_atlas")
print(*atlas.cluster_names(), sep="\n")

# %% [markdown]
# ## Why is this song here?

# %%
song = atlas.songs.filter(pl.col("title") == atlas.songs["title"].sort()[300]).row(0, named=True)
print(*atlas.why(song["song_id"]).sentences, sep="\n")

# %% [markdown]
# ## Songs like these
#
# Name songs that you like, by title, "Title - Artist" or id. Each answer comes with its reason.

# %%
liked = f"{song['title']} - {song['artist']}"
print("like:", liked)
found = songatlas.recommend(atlas, like=[liked], n=6, new_artists=True)
found.songs.select("title", pl.col("artists").list.join(", "), "reason")

# %% [markdown]
# ## A playlist
#
# Half an hour out of one cluster, which rises in energy to a peak and falls again; artists kept apart.

# %%
playlist = songatlas.make_playlist(atlas, cluster="Street corner", minutes=30, order="energy-arc")
print(playlist.summary["sentence"])
playlist.songs.select("place", "title", pl.col("artists").list.join(", "), "tempo_bpm", "energy", "camelot")

# %% [markdown]
# Any player opens the file (M3U8, XSPF, JSPF), and services that move playlists read the CSV.

# %%
from songatlas.atlas.playlist import playlist_tracks
from songatlas.playlists import write_playlist

write_playlist("street_corner.m3u8", playlist_tracks(atlas, playlist))
print(*Path("street_corner.m3u8").read_text("utf-8").splitlines()[:5], sep="\n")

# %% [markdown]
# ## Artists
#
# Home is the cluster that holds most of an artist's songs; breadth goes from 0, one sound, to 1, as wide as
# the catalogue.

# %%
view = songatlas.artists_of_atlas(atlas)
view.artists.select("artist", "n_songs", "home_name", "home_share", "breadth").head(5).with_columns(
    pl.selectors.float().round(2)
)

# %%
print("nearest to", view.artists["artist"][0])
view.nearest(view.artists["artist"][0], 3).select("artist", "home_name", "why")

# %% [markdown]
# ## New songs
#
# Songs of another table find the clusters that are there. Those that built the atlas get the very clusters
# they have in it.

# %%
new_songs = simulate_catalogue(60, seed=5)
rows = atlas.assign(new_songs)
print(f"{(rows.cluster >= 0).sum()} of {rows.n_rows} rows have a cluster")
for note in rows.notes:
    print(note)

# %% [markdown]
# ## What changed?
#
# Half a year later the table has grown. `like=` gives clusters that go on their old names and colours, and
# `compare` says what became of each.

# %%
grown = pl.concat([pl.read_csv(TABLE), simulate_catalogue(100, seed=7)], how="vertical_relaxed")
later = songatlas.build_atlas(grown, k_max=8, seed=0, like=atlas)
difference = songatlas.compare(atlas, later)
print(difference.summary)
for change in difference.clusters:
    print(change.sentence)

# %% [markdown]
# ## Save, load, verify
#
# An atlas is a folder of Parquet, JSON and NumPy files. Nothing in it is ever executed, and a manifest
# vouches for every part.

# %%
later.save("later_atlas")
again = songatlas.Atlas.load("later_atlas")
print("the same labels:", (again.clustering.labels == later.clustering.labels).all())

# %% [markdown]
# `verify` says whether a folder still is what a build wrote. Names of your own may change at any time.

# %%
checked = songatlas.verify("tour_atlas")
print(checked.summary)
for sentence in (*checked.checked, *checked.problems):
    print("-", sentence)

# %% [markdown]
# From here: [how to read an atlas](reading.md), [the concepts in words](concepts/index.md),
# [playlists](playlists.md).
