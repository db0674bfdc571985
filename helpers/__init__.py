"""What the lessons share: convolution, data, networks, training, records and figures."""
