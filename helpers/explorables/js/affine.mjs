// Affine maps of images, as in helpers.data.augment: x to the right, y down, origin in the centre.

const radians = (degrees) => (degrees * Math.PI) / 180;

// Shear, then scale, then rotate (counter-clockwise), then shift: rows of a 3×3 matrix.
export function affine({ degrees = 0, right = 0, down = 0, scale = 1, shear = 0 }) {
  const cos = Math.cos(radians(degrees)), sin = Math.sin(radians(degrees)), lean = Math.tan(radians(shear));
  return [
    [scale * cos, scale * (sin - cos * lean), right],
    [-scale * sin, scale * (cos + sin * lean), down],
    [0, 0, 1],
  ];
}

export const product = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));

// The inverse of a map: where a pixel of the result comes from.
export function inverse([[a, b, x], [c, d, y]]) {
  const det = a * d - b * c;
  return [
    [d / det, -b / det, (b * y - d * x) / det],
    [-c / det, a / det, (c * x - a * y) / det],
    [0, 0, 1],
  ];
}

// Pull every pixel from where it comes from, between its four neighbours; 0 outside.
export function warp(image, map) {
  const height = image.length, width = image[0].length, from = inverse(map);
  const at = (y, x) => image[y]?.[x] ?? 0;
  return image.map((row, i) => row.map((_, j) => {
    const y = i - (height - 1) / 2, x = j - (width - 1) / 2;
    const sx = from[0][0] * x + from[0][1] * y + from[0][2] + (width - 1) / 2;
    const sy = from[1][0] * x + from[1][1] * y + from[1][2] + (height - 1) / 2;
    const left = Math.floor(sx), top = Math.floor(sy), fx = sx - left, fy = sy - top;
    return (1 - fy) * ((1 - fx) * at(top, left) + fx * at(top, left + 1)) + fy * ((1 - fx) * at(top + 1, left) + fx * at(top + 1, left + 1));
  }));
}

// Draw an image, 0 black to 255 white, or a difference, blue below and orange above zero.
export function paint(canvas, image, signed = false) {
  const height = image.length, width = image[0].length;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), pixels = context.createImageData(width, height);
  image.flat().forEach((value, k) => {
    const rest = 255 - Math.min(255, 3 * Math.abs(value));
    const colour = signed ? (value > 0 ? [255, (255 + rest) / 2, rest] : [rest, (255 + rest) / 2, 255]) : [value, value, value];
    pixels.data.set([...colour, 255], 4 * k);
  });
  context.putImageData(pixels, 0, 0);
}
