"""Proof of residency on a living installation: where planted words are found, and a signed report (Design: 9)."""

from planes.host.proof.places import Place, missing_from, places_of, separation_of
from planes.host.proof.reports import keep_report, sign_report
from planes.host.proof.searching import Searched, search_folder, search_memory

__all__ = [
    "Place", "Searched", "keep_report", "missing_from", "places_of", "search_folder", "search_memory",
    "separation_of", "sign_report",
]  # fmt: skip
