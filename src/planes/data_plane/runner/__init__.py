"""The process that owns one run. Standard library, `planes.scrub` and `planes.data_plane.segments` only."""
