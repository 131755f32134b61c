"""The comparison of methods: what each learns from, runs side by side, and the figures of the paper."""
