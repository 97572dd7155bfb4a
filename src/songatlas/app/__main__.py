"""What `songatlas app` starts, in a process of its own: `python -m songatlas.app OPTIONS-AS-JSON`."""

from __future__ import annotations

import json
import sys
from contextlib import suppress

from songatlas.app.server.serving import Launch, serve

if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        serve(Launch(**json.loads(sys.argv[1])))
