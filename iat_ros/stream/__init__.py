"""What a live person does: buffered frames, when an action starts and ends, windows."""
