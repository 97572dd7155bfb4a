"""The page *Data*: what was read, what was left out and why, what to be careful about, and every output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from songatlas.app.files.downloads import Download, downloads_of, must_be_drawn
from songatlas.app.files.left_out import MOST_ROWS, left_out_rows, search_rows
from songatlas.app.files.saving import lasting
from songatlas.app.visit.opening import Catalogue, catalogue
from songatlas.app.visit.state import keep
from songatlas.app.visit.walking import given_names, view
from songatlas.app.words.page_words import SURE_WORDS, page_words
from songatlas.app.words.plain_tables import Heading, show_table
from songatlas.app.words.wording import empty, label_help, plain_text
from songatlas.atlas import Atlas
from songatlas.atlas.choices import settings_of
from songatlas.atlas.usual_space import usual_blocks
from songatlas.features import label_of
from songatlas.report.collect import is_demo
from songatlas.report.command import build_command, setting_rows
from songatlas.report.wording import brief, sentence, when
from songatlas.songs import RuleCount

_SEPARATORS: Final = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
_FORMATS: Final = {
    "csv": "CSV",
    "tsv": "TSV",
    "parquet": "Parquet",
    "jsonl": "JSON lines",
    "xlsx": "Excel",
    "dataframe": "a table in memory",
}
_COLUMNS: Final = (
    Heading(text="Column of the table"),
    Heading(text="Read as"),
    Heading(text="Unit"),
    Heading(text="How sure"),
    Heading(text="Note", long=True),
)
_RULES: Final = (
    Heading(text="What"),
    Heading(text="Songs", number=True),
    Heading(text="Rows", number=True),
    Heading(text="What became of them", long=True),
    Heading(text="Such as", long=True),
)
_MOST_SHOWN: Final = 1000
_ANY: Final = "Any reason"


def show() -> None:
    """Draw the page."""
    opened = catalogue()
    st.title("Data", anchor=False)
    _show_downloads(opened)
    _show_source(opened.atlas)
    _show_columns(opened.atlas)
    _show_cleaning(opened)
    _show_findings(opened.atlas)
    _show_settings(opened.atlas)


def _show_downloads(opened: Catalogue) -> None:
    """Every output, with a button."""
    shown = view()
    st.subheader("Take it along", anchor=False)
    told = (
        "Every table and figure of what is shown."
        if shown.is_base
        else f"Of the view with {shown.k} clusters."
    )
    if must_be_drawn(opened, shown, given_names()):
        told = f"{told} Report and figures are drawn when you ask for them, which takes some seconds."
    st.caption(told)
    with st.container(horizontal=True, gap="small", key="downloads"):
        for each in downloads_of(opened, shown, given_names()):
            _show_download(each)


def _show_download(download: Download) -> None:
    st.download_button(
        download.file,
        lasting(download.make, file_name=download.file, mime=download.mime),
        file_name=download.file,
        mime=download.mime,
        help=download.words,
        on_click="ignore",
        key=f"download:{download.file}",
        icon=":material/download:",
    )


def _show_source(atlas: Atlas) -> None:
    """The file, and the dirt in it."""
    source = atlas.source
    said = [_FORMATS.get(source.format, source.format)]
    if source.encoding:
        said.append(source.encoding.upper())
    if source.separator:
        said.append(f"separated by {_SEPARATORS.get(source.separator, source.separator)}")
    said += [f"{source.n_rows:,} rows", f"{len(atlas.columns)} columns"]
    st.subheader("What was read", anchor=False)
    st.markdown(f"**{plain_text(source.name)}**: {plain_text(', '.join(said))}.")
    for note in source.notes:
        st.caption(plain_text(sentence(page_words(note)), longest=600))
    st.caption(f"Built {plain_text(when(atlas.created))} by songatlas {plain_text(atlas.version)}.")


def _show_columns(atlas: Atlas) -> None:
    """What each column was understood as."""
    rows = [
        (
            read.header.strip() or f"column {read.position + 1}",
            label_of(read.column),
            read.unit or "",
            SURE_WORDS.get(read.how_sure, ""),
            sentence(page_words(read.note)) if read.note else "",
        )
        for read in atlas.columns
        if read.column
    ]
    alone = [read for read in atlas.columns if not read.column]
    n_alone = f", and {len(alone)} left alone" if alone else ""
    with st.expander(f"{len(rows)} columns were understood{n_alone}", key="columns"):
        show_table(_COLUMNS, rows)
    if alone:
        told = ", ".join(
            (brief(read.header) or f"column {read.position + 1}")
            + (f" ({page_words(read.note)})" if read.note else "")
            for read in alone
        )
        st.caption(plain_text(f"Left alone: {told}.", longest=2000))
    for name, why in atlas.dropped_features.items():
        st.caption(plain_text(f"{label_of(name)} is not used: {page_words(why)}", longest=600))
    for note in atlas.space.notes:
        st.caption(plain_text(page_words(note), longest=600))


def _show_cleaning(opened: Catalogue) -> None:
    """What each rule did, and the rows that were left out."""
    atlas = opened.atlas
    met = [count for count in atlas.counts if (count.n_rows or count.n_songs)]
    n_left = atlas.n_songs - atlas.n_clustered
    st.subheader("What was left out", anchor=False)
    st.markdown(
        f"**{atlas.n_clustered:,} songs** are clustered. The {atlas.n_rows:,} rows hold {atlas.n_songs:,} "
        f"different songs, and {n_left:,} of them were left out."
    )
    if met:
        show_table(_RULES, [_rule_row(count) for count in met])
    _show_left_out(opened)


def _rule_row(count: RuleCount) -> Sequence[str]:
    examples = "; ".join(brief(example) for example in count.examples[:3])
    is_off = count.action == "switched off"
    done = ("kept", "kept") if is_off else (f"{count.n_songs:,}", f"{count.n_rows:,}")
    return (count.title, *done, page_words(count.sentence), examples)


def _show_left_out(opened: Catalogue) -> None:
    """The rows themselves, to be looked through."""
    with st.expander(
        "Look through the rows that were left out", key="left_out_rows", on_change="rerun"
    ) as box:
        if not box.open:
            return
        rows = left_out_rows(opened)
        if rows is None:
            empty(
                "The rows are not known any more.",
                "Open the whole folder of the atlas, with its clustered_songs.csv, or the table itself.",
            )
            return
        if rows.is_empty():
            st.caption("None was left out.")
            return
        reasons = rows["reason"].drop_nulls().unique(maintain_order=True).to_list()
        text = st.text_input("Title, artist or id", key=keep("left_text", ""))
        reason = st.selectbox(
            "Why",
            [_ANY, *reasons],
            key=keep("left_reason", _ANY, allowed=lambda reason: reason in (_ANY, *reasons)),
        )
        found = search_rows(rows, text, None if reason == _ANY else reason)
        more = f", the first {_MOST_SHOWN:,} shown" if found.height > _MOST_SHOWN else ""
        of_many = " (the first that were left out)" if rows.height == MOST_ROWS else ""
        st.caption(f"{found.height:,} of {rows.height:,} rows{of_many}{more}")
        names = {name: label_of(name) for name in found.columns} | {"row": "Row", "reason": "Why"}
        st.dataframe(found.head(_MOST_SHOWN).rename(names), hide_index=True)


def _show_findings(atlas: Atlas) -> None:
    """What the lint says."""
    st.subheader("Before you trust it", anchor=False, help=label_help("lint"))
    if not atlas.findings:
        st.markdown("The checks found nothing to be careful about.")
    for finding in atlas.findings:
        tell = st.warning if finding.severity == "warning" else st.info
        step = sentence(finding.next_step) if finding.next_step else ""
        tell(plain_text(page_words(f"{sentence(finding.sentence)} {step}"), longest=1200))


def _where_to_run(atlas: Atlas) -> str:
    """What the command does, and where: of a file or folder the name alone is known."""
    if atlas.source.format == "dataframe":
        return "This command builds what is shown from the same songs:"
    name = plain_text(brief(atlas.source.name))
    return f"This command builds what is shown again. Run it from the folder that **{name}** lies in:"


def _show_settings(atlas: Atlas) -> None:
    """The settings of what is shown, and the command line that builds it again."""
    settings = settings_of(atlas, view().choice).to_dict() if not view().is_base else atlas.settings.to_dict()
    in_memory = atlas.source.format == "dataframe"
    command = build_command(
        None if in_memory else brief(atlas.source.name),
        settings,
        simulated=is_demo(atlas),
        n_rows=atlas.n_rows,
        like=atlas.likeness is not None,
        whole=atlas.whole,
        usual_space=usual_blocks(atlas.songs),
    )
    st.subheader("Build it again", anchor=False)
    st.markdown(_where_to_run(atlas))
    st.code(command, language="shell", wrap_lines=True)
    rows = [(row["label"], row["value"]) for row in setting_rows(settings)]
    show_table((Heading(text="Setting"), Heading(text="Value", long=True)), rows)
    st.caption(f"SHA-256 of the table: {atlas.source.sha256}")
