"""The same convolution, given to other libraries: ``results/elsewhere.json``, for lesson 12."""
