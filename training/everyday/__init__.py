"""The default model: everyday actions, from anybody's keypoints."""
