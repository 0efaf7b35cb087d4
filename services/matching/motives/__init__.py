"""Why people ask for care: the motives, the words they use for them, and the words that say « appelez le 15 »."""
