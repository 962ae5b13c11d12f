"""Where a run's metrics go besides its own folder: Weights & Biases, TensorBoard, or nowhere.

Public: `TrackerConfig`, `tracker_names`, `start_trackers`.
"""
