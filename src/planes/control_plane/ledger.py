"""Every column that the control plane stores, each with its class."""
