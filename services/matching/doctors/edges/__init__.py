"""What the register speaks to outside itself: capacities, and the calendar."""
