"""Measurements of speed; the lessons read what they write to ``results/``: ``make bench``."""
