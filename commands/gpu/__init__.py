"""What a GPU does with the layer and with a sweep: ``make gpu``."""
