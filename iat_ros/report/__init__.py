"""What a comparison of methods looks like: aggregated scores, figures, and a page that tells them."""
