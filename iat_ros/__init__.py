"""iat_ros: a person acts in front of a robot, the robot answers with a motion of its own."""

__version__ = "0.1.0"
