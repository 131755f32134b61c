"""What a body is: definitions, limb vectors, the body frame, resampling."""
