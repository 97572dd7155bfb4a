"""One visit: what is open, what the person has chosen, and what stands on every page."""
