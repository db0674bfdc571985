"""Executes the lessons (execute.py) and makes the report from them (build.py)."""
