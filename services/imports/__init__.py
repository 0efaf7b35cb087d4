"""Files that people have, turned into rows: each reader yields typed rows, and for what does not fit a `BadRow`.

A reader never raises on what a file holds, and never guesses: a row is good, or it says which column to change.
"""
