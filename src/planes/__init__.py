"""The planes: a control plane that decides and regional data planes that run."""
