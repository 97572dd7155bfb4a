"""The page *Choose k*: how many clusters, why, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import streamlit as st

from songatlas.app.charts.charts import show_chart
from songatlas.app.charts.evidence_charts import index_chart, indices_of
from songatlas.app.map.firmness import firmness, has_built_space, heading, plain_k
from songatlas.app.visit.opening import catalogue
from songatlas.app.visit.state import keep, put
from songatlas.app.visit.walking import go_to, view
from songatlas.app.words.plain_tables import Cell, Heading, show_table
from songatlas.app.words.wording import GLOSSARY, empty, plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.views import View, ks_of
from songatlas.choose_k import Verdict, Vote, verdict_for
from songatlas.quality import INDICES
from songatlas.report.collect import rule_label
from songatlas.report.html import index_value, number_word, percent

_LOOK: Final = "look"
_USUAL: Final = ("inertia", "silhouette", "stability")
_COLUMN_OF_RULE: Final = MappingProxyType({"elbow": "inertia", "genres": "ami"})
_STRENGTHS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "clear": "The evidence is clear: there are clusters that lie apart.",
        "weak": "The evidence is weak: clusters shade into each other, as in nearly all real catalogues.",
        "none": "There is no evidence of separate clusters: read them as regions, useful all the same.",
    }
)
_PLAIN_RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "elbow": "Where more clusters stop paying",
        "silhouette": "Nearer to their own than to the next",
        "davies_bouldin": "Least overlap of neighbours",
        "calinski_harabasz": "Far apart for their width",
        "stability": "The same when songs are left out",
        "gap": "Tighter than a cloud without clusters",
        "valley": "Few songs between clusters",
        "genres": "Agreement with the genres",
    }
)


def show() -> None:
    """Draw the page."""
    st.title("Choose k")
    base, found = catalogue().atlas, view()
    ks = ks_of(base)
    verdict = _verdict(base, found)
    if len(ks) < 2:
        empty(
            f"Only {number_word(ks[0])} clusters were tried, so there is nothing to compare.",
            "With more songs, or where the build is not held to one number, all numbers from 2 to 20 are "
            "compared here.",
        )
        return
    _show_verdict(base, found, verdict)
    _show_look(base, found, ks)
    _show_votes(verdict)
    _show_evidence(base, found, verdict)


def _verdict(base: Atlas, found: View) -> Verdict:
    """What the evidence says of the number that is looked at."""
    if found.k == base.k or found.k not in ks_of(base):
        return base.verdict
    return verdict_for(found.k, base.evidence)


def _show_verdict(base: Atlas, found: View, verdict: Verdict) -> None:
    """The verdict in words: the sentence, how strong it is, and who disagrees."""
    if not has_built_space(found):
        st.info(
            "You changed what counts. The evidence below belongs to the atlas as it was built; how sure the "
            "clusters of your own weights are was not measured."
        )
    st.subheader(heading(found))
    st.markdown(plain_text(verdict.sentence, longest=1200))
    st.markdown(f"**{_STRENGTHS[verdict.strength]}**", help=GLOSSARY["verdict"])
    if verdict.strength == "clear" and has_built_space(found) and found.k != plain_k(base):
        st.caption(f"{found.k} clusters: {firmness(found)}.")
    if verdict.disagreement:
        st.caption(plain_text(verdict.disagreement, longest=900))
    if base.verdict.playlists is not None and found.k == base.k:
        st.caption(plain_text(base.verdict.playlists.sentence))


def _show_look(base: Atlas, found: View, ks: Sequence[int]) -> None:
    """Choose a number of clusters and look at it on the map."""
    key = keep(_LOOK, found.k if found.k in ks else base.k, allowed=lambda k: k in ks)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        k = st.selectbox(
            "Number of clusters",
            ks,
            key=key,
            format_func=lambda each: f"{each} (as built)" if each == base.k else str(each),
            help="Or click on a point of a chart below.",
            width=220,
        )
        if st.button(
            f"Look at k = {k} on the map", key="look_at", type="primary", on_click=put, args=("k", k)
        ):
            go_to("atlas")
    st.caption(plain_text(_figures(base, k)))


def _figures(base: Atlas, k: int) -> str:
    """What is known of a number of clusters, in one sentence."""
    row = next(each for each in base.evidence.to_dicts() if each["k"] == k)
    told = [
        f"{INDICES[name].label.lower()} {index_value(row[name])}"
        for name in ("silhouette", "stability")
        if row.get(name) is not None
    ]
    told.append(
        f"the smallest holds {percent(row['smallest_share'])} and the largest {percent(row['largest_share'])}"
    )
    return f"With {k} clusters: {', '.join(told)} of the songs."


def _show_votes(verdict: Verdict) -> None:
    """What each rule says."""
    st.subheader("What eight rules say" if len(verdict.votes) == 8 else "What the rules say")
    show_table(
        [
            Heading(
                text="Looks for", meaning="Each rule looks at every number that was tried, and may name none"
            ),
            Heading(text="Says", meaning="The number of clusters that the rule asks for", number=True),
            Heading(text="In words", long=True),
        ],
        [
            [
                Cell(text=_PLAIN_RULES.get(vote.rule, rule_label(vote.rule)), meaning=_meaning(vote)),
                "none" if vote.k is None else str(vote.k),
                vote.sentence,
            ]
            for vote in verdict.votes
        ],
    )


def _meaning(vote: Vote) -> str:
    """What the trade calls a rule, and what it measures."""
    index = INDICES.get(_column(vote.rule))
    return f"{rule_label(vote.rule)}. {index.sentence}" if index else rule_label(vote.rule)


def _column(rule: str) -> str:
    return _COLUMN_OF_RULE.get(rule, rule)


def _show_evidence(base: Atlas, found: View, verdict: Verdict) -> None:
    """One chart an index, those that a person chooses."""
    st.subheader("The evidence, number by number")
    known = indices_of(base.evidence)
    usual = [name for name in known if name in _USUAL] or list(known[:1])
    chosen = st.pills(
        "Charts",
        known,
        selection_mode="multi",
        key=keep(
            "charts", usual, in_address=True, allowed=lambda names: all(name in known for name in names)
        ),
        format_func=_chart_label,
    )
    if not chosen:
        empty("No chart is chosen.", "Choose one of the measures above.")
        return
    votes = {_column(vote.rule): vote.k for vote in verdict.votes}
    drawn = [name for name in known if name in chosen]
    for place in range(0, len(drawn), 2):  # row by row, so that on a phone the order stays
        for name, column in zip(drawn[place : place + 2], st.columns(2, gap="large"), strict=False):
            with column:
                _show_index(base, name, shown=found.k, says=votes.get(name))
    _show_figures(base, known)


def _show_index(base: Atlas, name: str, *, shown: int, says: int | None) -> None:
    """The chart of one index."""
    index = INDICES[name]
    st.markdown(f"**{_chart_label(name)}**", help=GLOSSARY.get(name, index.sentence))
    better = "" if name == "inertia" else f" {'More' if index.better == 'higher' else 'Less'} is better."
    band = " The band is the 95% interval." if f"{name}_low" in base.evidence.columns else ""
    show_chart(
        index_chart(base.evidence, name, chosen=base.k, shown=shown, says=says),
        key=f"index_{name}",
        caption=f"{index.sentence}{better}{band}",
        on_select=partial(_on_point, f"index_{name}"),
    )


def _chart_label(name: str) -> str:
    return "Elbow (inertia)" if name == "inertia" else INDICES[name].label


def _on_point(key: str) -> None:
    """Choose the number of clusters that was clicked."""
    k = clicked_k(st.session_state.get(key))
    if k is not None:
        put(_LOOK, k)


def clicked_k(state: Any) -> int | None:
    """Return the number of clusters of the point that a chart says was clicked; None where none was."""
    points = ((state or {}).get("selection") or {}).get("points") or []
    return round(float(points[0]["x"])) if points and points[0].get("x") is not None else None


def _show_figures(base: Atlas, known: Sequence[str]) -> None:
    """All figures as a table, for who wants them exactly."""
    with st.expander("All figures as a table"):
        rows = sorted(base.evidence.to_dicts(), key=lambda row: row["k"])
        ks = [row["k"] for row in rows]
        show_table(
            [
                Heading(text="Clusters", number=True),
                *(
                    Heading(text=INDICES[name].label, meaning=INDICES[name].sentence, number=True)
                    for name in known
                ),
            ],
            [[str(row["k"]), *(index_value(row[name]) for name in known)] for row in rows],
            marked=ks.index(base.k) if base.k in ks else None,
        )
