"""The simulated catalogue: songs with known genres, any number of rows, and a little honest dirt.

`catalogue` makes the table; `cast` decides who plays in each row, `sound` how it sounds, `names` what it is
called; `statistics` knows what was fitted from real tracks; `draws` gives every song, artist and album
its own random numbers.
"""

from songatlas.demo.cast import DIRT, ROWS_IN_BLOCK
from songatlas.demo.catalogue import MISSING_SHARES, SIMULATED, simulate_catalogue
from songatlas.demo.sound import VERSIONS

__all__ = ["DIRT", "MISSING_SHARES", "ROWS_IN_BLOCK", "SIMULATED", "VERSIONS", "simulate_catalogue"]
