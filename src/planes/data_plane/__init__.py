"""A regional data plane: holds code, configuration, secrets and logs, and runs the jobs."""
