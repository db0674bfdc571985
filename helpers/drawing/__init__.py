"""Drawings that lessons show and do not teach: one module a subject, imported by name."""
