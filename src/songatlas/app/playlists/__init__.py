"""Playlists on their page: wishes, the list as edited, steps, files."""
