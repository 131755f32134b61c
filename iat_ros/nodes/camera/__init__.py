"""The camera node: people in the picture of a webcam or a video become skeletons."""
