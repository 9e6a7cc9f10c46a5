"""From a workspace folder to what is deployed: archives, requirements and job definitions. Its own process (BORDERS 5).

    python -m planes.packing FOLDER --out OUT --cache CACHE

    folder ──┬─ selection ─ archives ───────────────▶ OUT/code.tar.gz, OUT/configuration.tar.gz   (this interpreter)
             └─ environments ─ worker ─┬─ requirements ─▶ OUT/requirements.json                   (the workspace's own)
                                       └─ manifest ─────▶ job definitions

Files are selected and hashed by dlt's own code, so an unchanged folder has the hash that the released client computes
for it. The user's modules are imported by the workspace's interpreter only.
"""
