"""Cards of songs and clusters; lists of songs to put in order, search, filters, likes."""
