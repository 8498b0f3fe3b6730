"""How long a test waits for what comes at once."""

SOON_S = 90.0
"""Comes at once on an idle machine; on a busy one only what is broken takes longer than this."""
