// A whole network in the browser: lesson 01's convolution with the loops over channels around it.
// Maps are { data, channels, height, width }, with the columns of a row side by side, as in torch.

export function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

// 3×3 kernels, padding 1, stride 1. weight is (out, in, 3, 3), one after another.
export function convolve3(input, weight, bias) {
  const { data, channels, height, width } = input, out = bias.length, wide = width + 2;
  const padded = new Float32Array(channels * (height + 2) * wide);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      padded.set(data.subarray((c * height + y) * width, (c * height + y + 1) * width), (c * (height + 2) + y + 1) * wide + 1);
  const output = new Float32Array(out * height * width);
  for (let o = 0; o < out; o++) {
    output.fill(bias[o], o * height * width, (o + 1) * height * width);
    for (let c = 0; c < channels; c++) {
      const k = 9 * (o * channels + c);
      const [a, b, d, e, f, g, p, q, r] = weight.subarray(k, k + 9);
      for (let y = 0; y < height; y++) {
        let at = (o * height + y) * width, i = (c * (height + 2) + y) * wide, j = i + wide, l = j + wide;
        for (let x = 0; x < width; x++, at++, i++, j++, l++)
          output[at] +=
            a * padded[i] + b * padded[i + 1] + d * padded[i + 2] +
            e * padded[j] + f * padded[j + 1] + g * padded[j + 2] +
            p * padded[l] + q * padded[l + 1] + r * padded[l + 2];
      }
    }
  }
  return { data: output, channels: out, height, width };
}

// 2×2 max pool and ReLU; a last odd row or column is left out.
export function poolRelu({ data, channels, height, width }) {
  const h = height >> 1, w = width >> 1, output = new Float32Array(channels * h * w);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const k = (c * height + 2 * y) * width + 2 * x;
        output[(c * h + y) * w + x] = Math.max(0, data[k], data[k + 1], data[k + width], data[k + width + 1]);
      }
  return { data: output, channels, height: h, width: w };
}

// The value of each channel over all places, and for "max" the place it comes from.
export function globalPool({ data, channels, height, width }, pooling) {
  const values = new Float32Array(channels), places = [], area = height * width;
  for (let c = 0; c < channels; c++) {
    let best = c * area, sum = 0;
    for (let k = c * area; k < (c + 1) * area; k++) {
      sum += data[k];
      if (data[k] > data[best]) best = k;
    }
    values[c] = pooling === "max" ? data[best] : sum / area;
    places.push([Math.floor((best - c * area) / width), (best - c * area) % width]);
  }
  return { values, places };
}

export function linear(input, weight, bias) {
  return Array.from(bias, (b, o) => input.reduce((sum, value, k) => sum + value * weight[o * input.length + k], b));
}

export function softmax(scores) {
  const top = Math.max(...scores), powers = scores.map((score) => Math.exp(score - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

// Shrink or enlarge as torch does with antialias: a triangle as wide as a step, one axis after the
// other, rounded to bytes after each.
export function resize(image, side) {
  const along = (rows) => {
    const size = rows[0].length, step = size / side, reach = Math.max(1, step);
    return rows.map((row) => Array.from({ length: side }, (_, k) => {
      const centre = (k + 0.5) * step;
      const first = Math.max(0, Math.floor(centre - reach + 0.5)), last = Math.min(size, Math.floor(centre + reach + 0.5));
      let sum = 0, total = 0;
      for (let i = first; i < last; i++) {
        const weight = Math.max(0, 1 - Math.abs((i - centre + 0.5) / reach));
        sum += weight * row[i];
        total += weight;
      }
      return Math.floor(sum / total + 0.5);
    }));
  };
  const turned = (rows) => rows[0].map((_, x) => rows.map((row) => row[x]));
  return turned(along(turned(along(image))));
}

// All that a network computes from an image (rows of 0 to 255): the maps of each block and the scores.
export function run({ pooling, side, mean, std, layers }, image) {
  const rows = pooling === "fixed" ? resize(image, side) : image;
  const data = Float32Array.from(rows.flat(), (value) => (value - 255 * mean) / (255 * std));
  let maps = { data, channels: 1, height: rows.length, width: rows[0].length };
  const blocks = layers.slice(0, 3).map(([weight, bias]) => (maps = poolRelu(convolve3(maps, weight, bias))));
  const pooled = pooling === "fixed" ? { values: maps.data } : globalPool(maps, pooling);
  const scores = linear(pooled.values, ...layers[3]);
  return { input: rows, blocks, places: pooled.places, values: pooled.values, scores, probabilities: softmax(scores) };
}
