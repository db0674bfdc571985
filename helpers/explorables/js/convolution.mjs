// The loops of lesson 01 in JavaScript: convolution as in torch (the kernel is not turned).

// Number of places of a kernel: lesson 01's formula, which is torch's.
export const outputSize = (size, kernel, { stride = 1, padding = 0, dilation = 1 } = {}) =>
  Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;

// The entries of an image that one output value reads: [row, column] of the image for each weight.
export function window(y, x, kernel, { stride = 1, padding = 0, dilation = 1 } = {}) {
  return kernel.map((row, u) =>
    row.map((_, v) => [y * stride + u * dilation - padding, x * stride + v * dilation - padding]),
  );
}

// One image (rows of numbers), one kernel; zeros around.
export function convolve(image, kernel, options = {}) {
  const height = outputSize(image.length, kernel.length, options);
  const width = outputSize(image[0].length, kernel[0].length, options);
  const at = (row, column) => image[row]?.[column] ?? 0;
  return Array.from({ length: Math.max(0, height) }, (_, y) =>
    Array.from({ length: Math.max(0, width) }, (_, x) => {
      let sum = 0;
      window(y, x, kernel, options).forEach((row, u) =>
        row.forEach(([i, j], v) => (sum += at(i, j) * kernel[u][v])),
      );
      return sum;
    }),
  );
}
