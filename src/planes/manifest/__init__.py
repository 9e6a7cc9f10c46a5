"""The control plane's only door to dlt: definitions in, facts and times out.

Everything here takes and gives plain dictionaries, frozen rows and aware UTC times. dlt is imported inside the
functions that need it (0.4–1.2 s the first time), so importing this package is cheap; call those functions from a
worker thread. No function activates a run context, so none creates `.dlt/state` (BORDERS 5).

    errors        what a broken definition or requirements file raises
    facts         one typed reading of a job definition
    validation    migrate, validate, hash: all or nothing
    profiles      which profile a run gets
    triggers      kinds, selectors, listeners, the form of a trigger
    schedules     next tick and window arithmetic
    freshness     upstream gates and the refresh cascade
    launch        the entry point handed to a launcher
    requirements  which packages an environment needs
"""
