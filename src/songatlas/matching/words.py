"""Changes of clusters in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from songatlas.matching.changes import Change, Part


def tell_change(change: Change, *, old_names: Sequence[str], new_names: Sequence[str], by_songs: bool) -> str:
    """Say in a sentence what became of a cluster.

    Parameters
    ----------
    change : Change
        Of `match_clusters`.
    old_names, new_names : sequence of str
        Names of the clusters of both atlases.
    by_songs : bool
        Whether songs matched the clusters; else their centres did.

    Examples
    --------
    >>> change = Change(kind="kept", old=0, new=1, same=True, n_kept=90, share_old=0.9, share_new=1.0)
    >>> tell_change(change, old_names=["Calm"], new_names=["Loud", "Calm"], by_songs=True)
    '“Calm” stayed: 90% of its songs are still in it.'
    """
    old = "" if change.old is None else quoted(old_names[change.old])
    new = "" if change.new is None else quoted(new_names[change.new])
    if change.kind in ("kept", "moved"):
        renamed = f" It is called {new} now." if old != new else ""
        return _stayed(change, old, by_songs=by_songs) + renamed
    if change.kind == "split":
        return _split(change, old, new, new_names)
    if change.kind == "merged" and not change.parts:
        return f"The old {old} merged into {new}: {share_words(change.share_old)} of its songs are in it."
    if change.kind == "merged":
        shares = [
            f"{share_words(part.share)} of the old {quoted(old_names[part.cluster])}" for part in change.parts
        ]
        goes_on = f"; it goes on for the old {old}" if change.same and old != new else ""
        return f"{new} merged: it holds {listed(shares)}{goes_on}."
    if change.kind == "new":
        return f"{new} is new{_came_from(change.parts, old_names, by_songs=by_songs)}."
    return f"{old} is gone{_went_to(change.parts, new_names, by_songs=by_songs)}."


def _stayed(change: Change, old: str, *, by_songs: bool) -> str:
    verb = "stayed" if change.kind == "kept" else "moved"
    if not by_songs:
        return (
            f"{old} {verb}: its centre lies {change.shift or 0.0:.2f} standard deviations from where it was."
        )
    told = f"{share_words(change.share_old)} of its songs are still in it"
    if change.kind == "kept":
        return f"{old} {verb}: {told}."
    others = f", and {share_words(1 - change.share_new)} of it came from other clusters"
    centre = "" if change.shift is None else f"; its centre moved by {change.shift:.2f} standard deviations"
    return f"{old} {verb}: {told}{others}{centre}."


def _split(change: Change, old: str, new: str, names: Sequence[str]) -> str:
    if not change.same:
        return f"{new} is a part of what was {old}: {share_words(change.share_old)} of its songs."
    others = [part for part in change.parts if part.cluster != change.new]
    went = listed([f"{share_words(part.share)} went to {quoted(names[part.cluster])}" for part in others])
    goes_on = "" if old == new else f" as {new}"
    return f"{old} split: {share_words(change.share_old)} of its songs stayed together{goes_on}, {went}."


def _came_from(parts: Sequence[Part], names: Sequence[str], *, by_songs: bool) -> str:
    if not by_songs:
        return ": no old cluster has its centre near"
    if not parts:
        return ": hardly any of its songs were in the old atlas"
    return ": of its songs that were there before " + listed(
        [f"{share_words(part.share)} came from {quoted(names[part.cluster])}" for part in parts]
    )


def _went_to(parts: Sequence[Part], names: Sequence[str], *, by_songs: bool) -> str:
    if not by_songs:
        return ": no new cluster has its centre near"
    if not parts:
        return ": hardly any of its songs are in the new atlas"
    return ": of its songs that are still there " + listed(
        [f"{share_words(part.share)} are in {quoted(names[part.cluster])}" for part in parts]
    )


def quoted(name: str) -> str:
    """Return a name in quotation marks, on one line."""
    return f"“{' '.join(name.split())}”"


def listed(texts: Sequence[str]) -> str:
    """Return texts with commas and a last "and".

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def share_words(share: float) -> str:
    """Return a share as a percentage that says 0% and 100% only where it is none or all.

    Examples
    --------
    >>> share_words(0.999), share_words(0.001), share_words(1.0), share_words(0.42)
    ('over 99%', 'under 1%', '100%', '42%')
    """
    if 0 < share < 0.005:
        return "under 1%"
    if 0.995 <= share < 1:
        return "over 99%"
    return f"{share:.0%}"
