"""Words and plain HTML of the pages, every text of a song escaped."""
