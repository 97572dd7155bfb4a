"""The script that Streamlit runs for every visit and every change."""

from songatlas.app.main import main

main()
