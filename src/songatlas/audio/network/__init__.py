"""MusiCNN in plain NumPy: what a trained network hears in a song, as 50 tags and 200 numbers.

The network was trained on 200,000 songs of the Million Song Dataset with the tags that listeners gave them.
`mel` makes its input, `musicnn` runs it. The weights, `musicnn_msd.npz`, are made by
``tools/make_musicnn_weights.py``; their licence is `MUSICNN_LICENSE.txt`.

References
----------
J. Pons, X. Serra (2019), "musicnn: pre-trained convolutional neural networks for music audio tagging",
late-breaking demo of the International Society for Music Information Retrieval Conference.
"""

from songatlas.audio.network.mel import log_mel, patches_of
from songatlas.audio.network.musicnn import TAG_NAMES, NetworkHearing, listen, run_network

__all__ = ["TAG_NAMES", "NetworkHearing", "listen", "log_mel", "patches_of", "run_network"]
