"""Serves artifacts: poses in over a websocket, labels out; knows no torch."""
