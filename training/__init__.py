"""Learns weights: readers of raw recordings, prepared stores, training, evaluation."""
