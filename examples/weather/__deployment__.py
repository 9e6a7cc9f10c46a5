"""Seattle weather: a public data set, loaded, summarized and looked at."""

import importlib.util

from housekeeping import broken, careless, nightly
from weather import load, summarize

__all__ = ["broken", "careless", "load", "nightly", "summarize"]

# a notebook is recognized where its framework is installed
if importlib.util.find_spec("marimo") is not None:
    import explore

    __all__ += ["explore"]
