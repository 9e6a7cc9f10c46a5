"""Home, planes and regions on the screen."""
