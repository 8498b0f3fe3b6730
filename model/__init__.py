"""What a pose is (`model.pose`, NumPy) and what the network computes of it (`model.network`, torch).

One axis vocabulary holds everywhere: B batch, C channels, T frames, V joints, M persons, D hidden size, K labels.
"""
