"""Which request goes to which slot: rules, costs, solve, judge, explain. Pure."""
