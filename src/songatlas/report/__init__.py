"""What a person gets of an atlas: tables, figures, a record of its quality and one page that tells it."""

from __future__ import annotations

from songatlas.report.outputs import WrittenOutputs, render_report, write_outputs, write_rows

__all__ = ["WrittenOutputs", "render_report", "write_outputs", "write_rows"]
