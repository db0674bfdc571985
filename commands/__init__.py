"""What is run from the command line and imported by no lesson: training, checking, measuring."""
