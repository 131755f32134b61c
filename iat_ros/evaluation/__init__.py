"""IAT-test, IAT-train, effectiveness and reliability of the augmentation."""
