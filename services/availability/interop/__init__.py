"""The other systems of the world, translated at the rim."""
