"""Wrong answers to the exercises: the solution with one edit, and words of the diagnosis."""

# exercise: (text of the solution, what stands there in its place, words that must be said)
MISTAKES = {
    "1.1": [
        ("[[4, 5], [-2, 5]]", "[[0, -1], [-1, 5]]", "values are not"),
        ("[[4, 5], [-2, 5]]", "[[4, -2], [5, 5]]", "rows and columns of the output"),
        (
            "[[4, 5], [-2, 5]]",
            "[[4, 5, 6], [2, 6, 4]]",
            r"shape is \(2, 3\) and should be \(2, 2\)",
        ),
        ("[[4, 5], [-2, 5]]", "[[6, 4], [5, 6]]", "sums of windows"),
        ("[[4, 5], [-2, 5]]", "[[4, 7], [4, 5]]", "weight -1 was taken for 1"),
    ],
    "1.2": [
        (" // stride + 1", " / stride + 1", "not rounded down"),
        (" // stride + 1", " // stride", "1 is missing"),
        ("// stride", "// 1", "the stride is ignored"),
        ("2 * padding", "padding", "padding is added once"),
        (" + 2 * padding", "", "padding is ignored"),
        ("dilation * (kernel_size - 1) + 1", "kernel_size", "dilation is ignored"),
        ("dilation * (kernel_size - 1) + 1", "dilation * kernel_size", "not dilation \\* kernel"),
        (
            "(size + 2 * padding - span) // stride",
            "-(-(size + 2 * padding - span) // stride)",
            "rounded up",
        ),
        ("return (size", "(size", "returns nothing"),
    ],
    "1.3": [
        ("range(out_h)", "range(out_h - 1)", "only the last row is wrong"),
        (
            "s_h * y : s_h * y + k_h, s_w * x : s_w * x + k_w",
            "y : y + k_h, x : x + k_w",
            "window moves by one pixel",
        ),
        (
            "s_h * y + k_h, s_w * x : s_w * x + k_w",
            "s_h * y + s_h, s_w * x : s_w * x + s_w",
            "size of the stride",
        ),
        ("(p_w, p_w, p_h, p_h)", "(p_h, p_h, p_w, p_w)", "paddings of height and width"),
        ("(p_w, p_w, p_h, p_h)", "(p_w, 0, p_h, 0)", "on one side only"),
        (
            "// s_w",
            "// s_h",
            "size that this mistake leads to: the stride of the height is used",
        ),
        ("* kernel)", "* kernel.flip(0, 1))", "kernel is turned by 180 degrees"),
        ("padded.shape[1]", "padded.shape[0]", "computed from the height of the image"),
        ("image.new_zeros(", "torch.zeros(", "torch.float32 and the input is torch.float64"),
        ("padded = F.pad(image, (p_w, p_w, p_h, p_h))", "padded = image", "padding is ignored"),
    ],
    "1.4": [
        ("range(out_h)", "range(out_h - 1)", "only the last row is wrong"),
        (
            "top + k_h, left : left + k_w",
            "top + s_h, left : left + s_w",
            "size of the stride",
        ),
        ("+ bias[:, None, None]", "+ 0", "the bias is missing"),
        (
            "+ bias[:, None, None]",
            "+ bias",
            "In all wrong cases `weight` has more than one output channel, and in no",
        ),
        (
            "sum(dim=(1, 2, 3))",
            "sum()",
            "In all wrong cases `input` has more than one image, and in no other",
        ),
        ("padded[:, :, top", "padded[:1, :, top", "all images of the batch get the result"),
        ("weight[o])", "weight[0])", "the first output channel is right, the other is not"),
        (
            "s_h * y, s_w * x",
            "s_w * y, s_h * x",
            "In all wrong cases the two numbers of `stride` differ, and in no other",
        ),
        ("input.new_zeros(", "torch.zeros(", "torch.float32"),
    ],
    "1.5": [
        ('"c": (4, 5)', '"c": (4, 6)', "c: "),
        ('"b": (28, 20)', '"b": (20, 28)', r"b: a pair is \(height, width\)"),
        ('"d": (3, 2)', '"d": (4, 3)', "d: .*rounded down"),
        ('"a": (24, 24)', '"a": (23, 23)', "a: the first window is missing"),
    ],
    "1.6": [
        ("out_channels * terms + out_channels", "out_channels * terms", "biases are parameters"),
        ("out_channels * terms + out_channels", "out_channels * terms + 1", "one bias for each"),
        ("batch_size * out_channels", "out_channels", "every image of the batch"),
        ("channels * k_h * k_w", "k_h * k_w", "reaches through all input channels"),
        ("out_h * out_w * terms", "size[0] * size[1] * terms", "number of windows is that of"),
    ],
    "1.7": [
        ("max(needed - size, 0)", "needed - size", "never negative"),
        ("-(-size // stride)", "size // stride", "round up"),
        ("(windows - 1)", "windows", "one step less"),
        ("max(needed - size, 0)", "max(needed - size, 0) // 2", "for one side"),
        ("dilation * (kernel_size - 1) + 1", "kernel_size", "dilation is ignored"),
        ("max(needed - size, 0)", "span - 1", "right for stride 1"),
    ],
    "2.1": [
        ("[0, 1, 3, 0], [1, 3, 0, 1]", "[1, 3, 0, 1], [0, 1, 3, 0]", "down the columns of the"),
        (
            "[[2, 0, 1, 3], [0, 1, 3, 0], [1, 3, 0, 1], [3, 0, 1, 2]]",
            "[[2, 0, 1, 3], [0, 1, 3, 0], [1, 3, 0, 1], [3, 0, 1, 2]][:3]",
            "One too few",
        ),
        (
            "[[2, 0, 1, 3], [0, 1, 3, 0], [1, 3, 0, 1], [3, 0, 1, 2]]",
            "[[2, 1, 0, 3], [0, 3, 1, 0], [1, 0, 3, 1], [3, 1, 0, 2]]",
            "read down its columns",
        ),
    ],
    "2.2": [
        ("y * out_w + x", "x + y", "11 numbers for the 36 patches"),
        ("y * out_w + x", "x * out_w + y", "6 numbers for the 8 patches"),
        ("y * out_w + x", "x * out_h + y", "down the columns"),
        ("y * out_w + x", "y * out_w + x + 1", "begin with 1"),
        ("y * out_w + x", "y * out_h + x", "both get the number"),
    ],
    "2.3": [
        ("dim=2", "dim=1", "each patch is a row"),
        (
            "torch.stack(columns, dim=2)",
            "torch.stack(columns, 1).reshape(len(input), -1, out_h * out_w)",
            "needs a transpose",
        ),
        (
            "for y in range(out_h):\n        for x in range(out_w):",
            "for x in range(out_w):\n        for y in range(out_h):",
            "numbered down the columns",
        ),
        ("window.flatten(1)", "window.mT.flatten(1)", "read down its columns"),
        ("window.flatten(1)", "window.permute(0, 2, 3, 1).flatten(1)", r"order \(u, v, c\)"),
        (
            "s_h * y : s_h * y + k_h, s_w * x : s_w * x + k_w",
            "y : y + k_h, x : x + k_w",
            "window moves by one pixel",
        ),
        (
            "(p_w, p_w, p_h, p_h)",
            "(p_h, p_h, p_w, p_w)",
            "A possible reason: the paddings of height and width are exchanged",
        ),
        ("window.flatten(1)", "window.flatten(2).sum(1)", r"\(value of the patch\) has"),
    ],
    "2.4": [
        (
            "(batch_size, out_h, out_w, -1).permute(0, 3, 1, 2)",
            "(batch_size, -1, out_h, out_w)",
            "a reshape alone",
        ),
        (".permute(0, 3, 1, 2)", "", "channel is still the last axis"),
        (
            "flat.reshape(batch_size, out_h, out_w, -1).permute(0, 3, 1, 2)",
            "flat.T.reshape(batch_size, -1, out_h, out_w)",
            "mixes the images",
        ),
        (
            "(batch_size, out_h, out_w, -1).permute(0, 3, 1, 2)",
            "(batch_size, out_w, out_h, -1).permute(0, 3, 2, 1)",
            "down the columns of the image",
        ),
    ],
    "2.5": [
        ("+= patches", "= patches", "`=` overwrites"),
        ("s_h * y, s_w * x", "y, x", "stride is ignored"),
        ("images[:, :, p_h : p_h + height, p_w : p_w + width]", "images", "padding is still there"),
        (
            "images[:, :, p_h : p_h + height, p_w : p_w + width]",
            "images[:, :, :height, :width]",
            "upper left part",
        ),
        (
            "-1, k_h, k_w, out_h, out_w)",
            "k_h, k_w, -1, out_h, out_w).permute(0, 3, 1, 2, 4, 5)",
            r"order \(u, v, c\)",
        ),
        ("patches[..., y, x]", "patches[..., y, x].flip(2, 3)", "upside down"),
        ("patches[..., y, x]", "patches[..., y, x] / (k_h * k_w)", "every number is 0.25 times"),
    ],
    "2.6": [
        (
            "max(-(-(place - kernel_size + 1) // stride), 0)",
            "-(-(place - kernel_size + 1) // stride)",
            "no windows with negative",
        ),
        ("min(place // stride, windows - 1)", "place // stride", "no windows after the last"),
        ("last - first + 1", "last - first", "b - a \\+ 1"),
        ("pixel + padding", "pixel", "number pixel \\+ padding"),
        ("max(last - first + 1, 0)", "kernel_size // stride", "far from the ends"),
    ],
    "3.1": [
        ('"bias": 3', '"bias": 4', "bias: that is the number of output values"),
        ('"kernel": [[5, -1], [8, 3]]', '"kernel": [[5, 8], [-1, 3]]', "kernel: rows and columns"),
        (
            '"kernel": [[5, -1], [8, 3]]',
            '"kernel": [[6, 4], [5, 6]]',
            "kernel: that is the gradient for an upstream of ones",
        ),
        ("[-1, 7, -2]", "[1, 0.5, -1]", "image: "),
        (
            "[[0, 2, -2], [-1, 7, -2], [-2, 4, 0]]",
            "[[0, 1, -2], [-0.5, 1.75, -1], [-2, 2, 0]]",
            "divided by the number of windows",
        ),
    ],
    "3.2": [
        (
            "grad_output.permute(0, 2, 3, 1).flatten(0, 2)",
            "grad_output.reshape(-1, grad_output.shape[1])",
            "without a `permute`",
        ),
        ("patches.T @ rows", "patches.T @ (0 * rows + 1)", "for an upstream of ones"),
        (
            "matrix.T.reshape(-1, input",
            "matrix.reshape(-1, input",
            "needs a transpose before the reshape",
        ),
        ("patches.T @ rows", "patches @ rows", "RuntimeError in the line `matrix = patches @ rows"),
        ("patches.T @ rows  # (K, O)", "patches.T @ rows / len(input)", "divided by their number"),
        (
            "padding, stride)",
            "padding[::-1], stride)",
            "paddings of height and width are exchanged",
        ),
        ("padding, stride)", "0, stride)", "padding is ignored"),
        (
            "columns.transpose(1, 2).flatten(0, 1)",
            "columns.reshape(-1, columns.shape[1])",
            r"reshaped to \(NP, K\) without a transpose",
        ),
        (
            "matrix = patches.T @ rows",
            "rest = len(rows) // len(input)\n    matrix = patches[-rest:].T @ rows[-rest:]",
            "only the last image counts",
        ),
    ],
    "3.3": [
        (
            "grad_output.permute(0, 2, 3, 1).flatten(1, 2)",
            "grad_output.reshape(len(grad_output), -1, out_channels)",
            "without a `permute`",
        ),
        (
            "weight.reshape(out_channels, -1)",
            "weight.reshape(-1, out_channels).T",
            r"stored as \(O, K\)",
        ),
        (
            "weight.reshape(out_channels, -1)",
            "weight.flip(2, 3).reshape(out_channels, -1)",
            "the kernel is turned",
        ),
        (
            "fold(patches.transpose(1, 2), size, (k_h, k_w), 1, padding, stride)",
            "fold(patches.transpose(1, 2), size, (k_h, k_w), 1, padding)",
            "stops with ValueError in the line",
        ),
        (
            "return fold(",
            "ones = 0 * patches.transpose(1, 2) + 1\n"
            "    counts = fold(ones, size, (k_h, k_w), 1, padding, stride)\n"
            "    return 1 / counts.clamp(min=1) * fold(",
            "undoes unfold",
        ),
        (
            "rows @ weight.reshape(out_channels, -1)",
            "rows[..., :1] @ weight[:1].reshape(1, -1)",
            "only the first output channel",
        ),
    ],
    "3.4": [
        (
            "grad_output.sum((0, 2, 3))",
            "grad_output.mean((0, 2, 3))",
            "gradient of the bias: the bias gradient is a mean",
        ),
        ("grad_output.sum((0, 2, 3))", "grad_output.sum(0)", "sums over the images only"),
        (
            "grad_output.permute(0, 2, 3, 1).flatten(1, 2)",
            "grad_output.reshape(len(input), -1, out_channels)",
            "(?s)gradient of the input: .*without a `permute`.*"
            "gradient of the weight: .*without a `permute`",
        ),
        (
            "fold(patches, size, kernel_size, 1, padding, stride)",
            "fold(patches, size, (3, 3), padding=1)",
            "stops with ValueError",
        ),
        (
            "return grad_input, grad_weight, grad_output",
            "return grad_weight, grad_input, grad_output",
            "it is the gradient of the weight. The order has to be",
        ),
        (
            "(columns @ rows).sum(0)",
            "(columns @ rows)[0]",
            "gradient of the weight: only the first image",
        ),
        (
            "return grad_input, grad_weight, grad_output.sum((0, 2, 3))",
            "return grad_input, grad_weight",
            "has to return 3 things",
        ),
    ],
    "3.5": [
        (
            "(size - 1) * stride + kernel_size - 2 * padding",
            "(size + 2 * padding - kernel_size) // stride + 1",
            "output size of a convolution",
        ),
        ("- 2 * padding", "- padding", "at both ends"),
        ("- 2 * padding", "+ 2 * padding", "padding is added"),
        ("return (size - 1)", "return size", "size - 1 steps"),
        ("- 2 * padding", "- 2 * padding + stride - 1", "largest size with this output"),
    ],
    "3.6": [
        (", dilation=stride", ", stride=stride", "taken for that of this convolution.*a dilation"),
        (", : kernel_size[0], : kernel_size[1]]", "]", "larger than the kernel"),
        (
            "result.transpose(0, 1)[",
            "result[",
            "Has a transpose been forgotten",
        ),
        (", dilation=stride", "", "the stride is missing: .*That is a dilation"),
        (
            "grad_output.transpose(0, 1)",
            "grad_output.transpose(0, 1).flip(2, 3)",
            "turned by 180 degrees",
        ),
    ],
    "4.1": [
        ("function(tensor - move)", "function(tensor)", "divided by 2 \\* step. A central one"),
        ("(2 * step)", "step", "divide by 2 \\* step"),
        (" / (2 * step)", "", "not divided by the distance"),
        ("move.view(-1)[i] = step", "move += step", "all entries are moved at once"),
        ("range(tensor.numel())", "range(1)", "only the first entry is measured"),
        (
            "function(tensor + move) - function(tensor - move)",
            "function(tensor.add_(move)) - function(tensor.sub_(2 * move))",
            "at another place",
        ),
        ("    return gradient", "    return torch.func.grad(function)(tensor)", "exact gradient"),
        (
            "for i in range(tensor.numel()):\n"
            "        move = torch.zeros_like(tensor)\n"
            "        move.view(-1)[i] = step\n"
            "        difference = function(tensor + move) - function(tensor - move)\n"
            "        gradient.view(-1)[i] = difference / (2 * step)\n",
            "for i in range(len(tensor)):\n"
            "        move = torch.zeros_like(tensor)\n"
            "        move[i] = step\n"
            "        difference = function(tensor + move) - function(tensor - move)\n"
            "        gradient[i] = difference / (2 * step)\n",
            "whole row is moved",
        ),
    ],
    "4.2": [
        (
            '"upstream of ones"  #',
            '"random upstream"  #',
            "a: 'random upstream' notices it, but an earlier",
        ),
        ('first["b"] = "shapes"', 'first["b"] = "none"', "b: 'none' does not notice it"),
        ('"square sizes"  #', '"upstream of ones"  #', "c: 'upstream of ones' does not notice"),
        ('first["b"] = "shapes"', 'first["b"] = "shape"', "'shape' is no check"),
    ],
    "4.3": [
        ("(3, 2), (1, 0))", "(1, 1), (1, 0))", "Not noticed: .*stride forgotten in fold"),
        (
            "(9, 10), (4, 3), (3, 2), (1, 0)",
            "(8, 8), (3, 3), (1, 1), (1, 1)",
            "Not noticed: width taken from",
        ),
        ("(9, 10), (4, 3)", "(9, 10), (14, 3)", "torch cannot convolve this"),
        ("(9, 10)", "9", "are pairs"),
        ("Shape(2, 3, 4, (9, 10), (4, 3), (3, 2), (1, 0))", "(2, 3)", "not a tuple"),
    ],
    "4.4": [
        ("** (1 / 3)", "** 0.5", "square root"),
        (" ** (1 / 3)", "", "third root is missing"),
        ("(2 * third)", "third", "two terms are equal"),
        ("(3 * precision * loss / (2 * third))", "precision", "rule of thumb"),
    ],
    "5.1": [
        ("2 * math.prod(output_shape)", "math.prod(output_shape)", "two operations"),
        ("(4 * numbers)", "numbers", "four bytes"),
        ("weight_shape[1:]", "weight_shape[2:]", "sum over all input channels"),
        (
            "in (input_shape, weight_shape, output_shape)",
            "in (input_shape, output_shape)",
            "weights have to be read",
        ),
        (
            "in (input_shape, weight_shape, output_shape)",
            "in (input_shape, weight_shape)",
            "output has to be written",
        ),
    ],
    "5.2": [
        ('"ridge": 80 / 16', '"ridge": 16 / 80', "ridge: that is bytes per operation"),
        ('"at 2": 2 * 16', '"at 2": 80', "at 2: memory is too slow"),
        ('"at 20": 80', '"at 20": 320', "faster than its peak"),
        ("4 / (2 * 16)", "4 / 80", "time at the peak"),
    ],
    "5.3": [
        ("(size[0] + 2 * padding[0])", "size[0]", "row for each row of the padded image"),
        ("(size[0] + 2 * padding[0])", "out_h", "not of the output"),
        ("out_w * k_w * channels", "out_w * k_h * k_w * channels", "one row high"),
        ("* channels\n    return", "\n    return", "reaches through all channels"),
    ],
    "5.4": [
        ("windows[:, :, u : u + out_h]", "windows[:, :, :out_h]", "multiplied by the same rows"),
        ("output = output + torch", "output = torch", "only the last kernel row counts"),
        ("weight[:, :, u])", "weight[:, :, k_h - 1 - u])", "in reverse order"),
        ("(p_w, p_w, p_h, p_h)", "(p_w, p_w)", "along its width only"),
    ],
    "5.5": [
        (
            "range(0, len(input), chunk)",
            "range(0, len(input) - chunk, chunk)",
            "last chunk is never used",
        ),
        (".sum(0)", ".mean(0)", "averaged"),
        ("torch.stack(gradients).sum(0)", "gradients[-1]", "only the last chunk"),
        (
            "range(0, len(input), chunk)",
            "range(0, len(input) - chunk + 1, chunk)",
            "images are left over",
        ),
    ],
}
