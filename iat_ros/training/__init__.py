"""PVAE, paired embedding, augmentation and Act2Act training."""
