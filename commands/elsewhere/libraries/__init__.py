"""One file for each library: ``answers()`` returns what it makes of the inputs, by question.

They run in an environment of their own (``requirements.txt``), one process each.
"""
