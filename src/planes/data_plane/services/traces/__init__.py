"""What dlt says of a pipeline run, read with suspicion. Pure."""
