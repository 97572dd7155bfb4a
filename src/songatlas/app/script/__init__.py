"""What Streamlit runs; apart, because Streamlit takes a folder `pages` beside its script for pages."""
