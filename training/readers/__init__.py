"""Readers of raw data sets: each yields the clips of one set and says what is wrong with a file."""
