"""The map on its page: what it shows, how it is laid out, and what is picked on it."""
