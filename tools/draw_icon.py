"""Draws the icon of the app, four clusters of songs on violet: python tools/draw_icon.py."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

ICON = Path(__file__).resolve().parents[1] / "src" / "songatlas" / "app" / "icon.png"
SIZE, FINER = 64, 8
SONGS = (
    ("#efb50c", ((17, 20, 7.5), (28, 13, 3.5), (30, 25, 4.0))),
    ("#41c7f3", ((46, 18, 6.0), (52, 29, 3.5), (41, 29, 3.0))),
    ("#fc678a", ((20, 45, 6.0), (12, 35, 3.5), (30, 37, 3.5), (31, 51, 3.0))),
    ("#98d890", ((46, 45, 7.0), (54, 40, 3.0), (39, 54, 3.0))),
)


def draw() -> Image.Image:
    """Return the icon, drawn large and made small so that its edges are smooth."""
    large = Image.new("RGBA", (SIZE * FINER, SIZE * FINER), (0, 0, 0, 0))
    pen = ImageDraw.Draw(large)
    pen.rounded_rectangle((0, 0, SIZE * FINER - 1, SIZE * FINER - 1), radius=14 * FINER, fill="#4d1cb8")
    for colour, circles in SONGS:
        for x, y, radius in circles:
            corners = [FINER * value for value in (x - radius, y - radius, x + radius, y + radius)]
            pen.ellipse(corners, fill=colour)
    return large.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    draw().save(ICON, optimize=True)
    print(f"{ICON.name}: {ICON.stat().st_size:,} bytes")
