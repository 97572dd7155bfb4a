"""JSON lines of any size, cut at line ends into blocks that are read one by one with the types of all."""

from __future__ import annotations

import codecs
import hashlib
import io
from dataclasses import dataclass, replace

import polars as pl

from songatlas.errors import UnreadableTable, one_line
from songatlas.songs.delimited import no_utf8
from songatlas.songs.limits import LONGEST_ROW, require_columns, require_dense
from songatlas.songs.stored import REFUSALS
from songatlas.songs.text_form import (
    BLOCK_BYTES,
    Content,
    TextForm,
    as_utf8,
    row_too_long,
    settle_encoding,
)

_UTF8 = TextForm("utf-8", ",", False, False, None, 0)


@dataclass(frozen=True)
class JsonBlock:
    """Lines that follow each other: where they stand, and how many rows they are."""

    offset: int
    n_bytes: int
    n_rows: int


@dataclass(frozen=True)
class CutJson:
    """JSON lines in blocks.

    Attributes
    ----------
    schema : polars.Schema
        Of the columns, types that hold the values of all blocks.
    blocks : tuple of JsonBlock
    form : TextForm
        Its encoding.
    sha256 : str
        Of the bytes as they were read.
    notes : tuple of str
        Dirt that was met.
    """

    schema: pl.Schema
    blocks: tuple[JsonBlock, ...]
    form: TextForm
    sha256: str
    notes: tuple[str, ...] = ()


def cut_json(content: Content, *, block_bytes: int = BLOCK_BYTES) -> CutJson:
    """Cut JSON lines into blocks.

    Raises
    ------
    UnreadableTable
        If a line is no flat JSON object, or is longer than `LONGEST_ROW`.
    """
    try:
        return _cut(content, _UTF8, None, block_bytes)
    except UnicodeDecodeError:
        form, end, notes = settle_encoding(content, _UTF8)
    notes = notes if form.encoding == "utf-8" else (*notes, no_utf8(form.encoding))
    return replace(_cut(content, form, end, block_bytes), notes=notes)


def _cut(content: Content, form: TextForm, end: int | None, block_bytes: int) -> CutJson:
    """Cut text of this form, that ends there."""
    blocks, offset, digest = [], 0, hashlib.sha256()
    schema = pl.Schema()
    while raw := _whole_lines(content, offset, block_bytes):
        digest.update(raw)
        lines = raw if end is None else raw[: max(0, end - offset)]
        if lines.strip():
            frame = _read(as_utf8(lines, form), None)
            schema = common_schema((schema, frame.schema))
            blocks.append(JsonBlock(offset, len(lines), frame.height))
        offset += len(raw)
    return CutJson(schema, tuple(blocks), form, digest.hexdigest())


def read_json_block(content: Content, block: JsonBlock, schema: pl.Schema, form: TextForm) -> pl.DataFrame:
    """Return the rows of a block, with these columns."""
    return _read(as_utf8(content.read_at(block.offset, block.n_bytes), form), schema)


def common_schema(schemas: tuple[pl.Schema, ...]) -> pl.Schema:
    """Return types that hold the values of all these tables, columns in the order they are met.

    Raises
    ------
    UnreadableTable
        If two types have nothing in common, such as a number and a list.
    """
    columns: dict[str, pl.DataType] = {}
    for schema in schemas:
        for name, kind in schema.items():
            known = columns.get(name, kind)
            columns[name] = kind if known == kind else _common_type(name, known, kind)
    return pl.Schema(columns)


def _common_type(name: str, first: pl.DataType, second: pl.DataType) -> pl.DataType:
    """The type that holds the values of two."""
    empty = [pl.DataFrame(schema={"x": kind}) for kind in (first, second)]
    try:
        return pl.concat(empty, how="diagonal_relaxed").schema["x"]
    except REFUSALS:
        raise UnreadableTable(
            f"has values of two kinds in column {name!r} ({first} and {second}): write them as one kind"
        ) from None


def _whole_lines(content: Content, offset: int, n_bytes: int) -> bytes:
    """Bytes from there on that end with a line, or with the file."""
    while True:
        raw = content.read_at(offset, n_bytes)
        end = raw.rfind(b"\n") + 1
        if len(raw) < n_bytes:
            return raw
        if end:
            return raw[:end]
        if n_bytes >= max(LONGEST_ROW, BLOCK_BYTES):
            raise UnreadableTable(row_too_long(offset))
        n_bytes = min(2 * n_bytes, max(LONGEST_ROW, BLOCK_BYTES))


def require_dense_json(text: str, n_rows: int) -> None:
    """Raise UnreadableTable for JSON with so many names that its rows would fill the memory."""
    names = pl.Series([text]).str.extract_all(_NAME).explode().n_unique()
    require_columns(names)
    require_dense(n_rows, names, len(text))


_NAME = r'"(?:[^"\\]|\\.)*"\s*:'


def _read(raw: bytes, schema: pl.Schema | None) -> pl.DataFrame:
    """Read lines of UTF-8 with Polars."""
    text = raw.removeprefix(codecs.BOM_UTF8).decode().strip()
    lines = io.BytesIO(text.encode())
    try:
        if schema is None:
            require_dense_json(text, text.count("\n") + 1)
            return pl.read_ndjson(lines, infer_schema_length=None)
        return pl.read_ndjson(lines, schema=schema)
    except REFUSALS as error:
        raise UnreadableTable(
            f"is JSON that is no table ({one_line(error, longest=100)}): write one flat object a line (JSONL)"
        ) from None
