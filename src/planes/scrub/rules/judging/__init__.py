"""Decisions that no pattern can make: where a value ends, and whether it is one."""
