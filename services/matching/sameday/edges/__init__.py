"""What matching speaks to outside itself."""
