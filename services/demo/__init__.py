"""The demonstration: two territories, professionals and patients that do not exist, a day played through the real API.

Places are real and rounded; every person is drawn from a seed and named so that nobody takes them for real.
"""
