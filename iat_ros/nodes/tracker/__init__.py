"""The tracker node: what other trackers send becomes the package's own skeletons; one module for each source."""
