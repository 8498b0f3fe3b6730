"""Turns a checkpoint into one verified ONNX artifact."""
