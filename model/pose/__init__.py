"""Layouts, normalisation, the window, the label stream, the artifact contract; without torch.

Keypoints are float32 arrays whose last axis holds x, y, z, score. A missing joint has score 0; its
coordinates are finite and mean nothing. Two-dimensional layouts have z = 0.
"""
