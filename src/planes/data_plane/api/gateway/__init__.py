"""The gateway: every interactive run on an origin of its own, through this plane's port (Contract: 5.4, Security: 11).

    browser ── r-RUN.localhost:PORT ──► Gateway ── who? what may they? ──► proxying | websockets ──► the app
                                           └── no run of that name, nobody signed in: a page of ours

Nothing of ours is passed on: neither the cookie that signs in here nor an Authorization header.
"""
