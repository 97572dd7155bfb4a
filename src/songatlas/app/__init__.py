"""The app: a catalogue to walk through in the browser, page by page.

`songatlas app` starts it (`server.serving.serve`). Streamlit runs `script/visit.py`, and so `main.main`, for
every visit and every change; it opens the catalogue (`visit.opening`), keeps what the person has chosen
(`visit.state`) and shows one of `pages`. Streamlit and Plotly are imported in this room only. Everything that
is worked out is kept with the atlas and shared between visits; nothing that a person chose or dropped in is.
"""
