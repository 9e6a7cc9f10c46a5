"""Pages of the region's own origin: a run with its result, errors and log; pipelines and what each load did.

    web link ──► page of the control plane ──► swap code ──► cookie for the pages of one workspace ──► a page here

They name no other origin; viewers see masks without names, as on every route of a log (Security: 8, 11).
"""
