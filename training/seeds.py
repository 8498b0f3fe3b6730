"""Seeds: the numbers that every generator of random numbers here takes, NumPy's and torch's."""

SEEDS = 2**32
"""A seed is at least 0 and below this."""
