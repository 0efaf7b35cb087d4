"""Choice waves: patients say which of a few doctors would do, doctors tick the willing, places go by the exact plan.

Ask first, promise afterwards: nothing is given before both sides said yes, and no place that the best plan keeps for a
higher class goes to a lower one (docs/decisions/0123-choice-waves.md).
"""
