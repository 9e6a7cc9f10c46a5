"""Start, attach to, or hand over a platform for a home. The only way from the app and its commands to `planes.host`."""
