"""What the network computes (PyTorch): tokens, encoders, heads and their checkpoints."""
