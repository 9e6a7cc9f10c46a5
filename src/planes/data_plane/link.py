"""HTTP client of a data plane to the control plane."""
