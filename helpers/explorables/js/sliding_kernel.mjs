import { button, choice, follow, frame, h, letter, number, set, slider, term } from "./dom.mjs";
import { box, editable, keepingFocus, padded, pointable, unmark } from "./grid.mjs";
import { convolve, outputSize, window } from "./convolution.mjs";

// Ready examples: name, what to notice, state.
const EXAMPLES = {
  sheet: ["the example by hand", { image: [[1, 2, 0], [0, 1, 3], [2, 0, 1]], kernel: [[1, 2], [0, -1]], stride: 1, padding: 0, dilation: 1 }],
  edge: ["a vertical edge", { image: Array(5).fill([0, 0, 5, 5, 5]), kernel: [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]], stride: 1, padding: 0, dilation: 1 }],
  same: ["same size: padding 1", { image: Array(4).fill([1, 1, 1, 1]), kernel: Array(3).fill([1, 1, 1]), stride: 1, padding: 1, dilation: 1 }],
  left: ["pixels left over: stride 2", { image: [0, 1, 2, 3, 4, 5].map((y) => [0, 1, 2, 3, 4, 5].map((x) => y + x)), kernel: Array(3).fill([1, 0, -1]), stride: 2, padding: 0, dilation: 1 }],
  uneven: ["height and width apart: 5×8 and 3×2", { image: [0, 1, 2, 3, 4].map((y) => [0, 1, 2, 3, 4, 5, 6, 7].map((x) => (x * y) % 5)), kernel: [[1, 0], [2, -2], [0, 1]], stride: 2, padding: 0, dilation: 1 }],
  mean: ["fractions: the mean of four pixels", { image: [[4, 8, 0, 1], [2, 6, 3, 0], [0, -4, 5, 2], [1, 0, 7, -3]], kernel: [[0.25, 0.25], [0.25, 0.25]], stride: 1, padding: 0, dilation: 1 }],
  holes: ["with holes: dilation 2", { image: [0, 1, 2, 3, 4, 5, 6].map((y) => [0, 1, 2, 3, 4, 5, 6].map((x) => (x === 3 && y === 3 ? 9 : 0))), kernel: [[1, 2, 3], [4, 5, 6], [7, 8, 9]], stride: 1, padding: 0, dilation: 2 }],
};
const TRAITS = ["image", "kernel", "stride", "padding", "dilation"];

// The output size with its numbers, for one direction.
function size(name, size, kernel, { stride, padding, dilation }) {
  const reach = dilation * (kernel - 1) + 1;
  const places = outputSize(size, kernel, { stride, padding, dilation });
  return h("div", {}, letter(name, "sub", "out"), ` = ⌊(${size} + 2·${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}⌋ + 1 = ` +
    (size + 2 * padding < reach ? "no place: the kernel is larger than the padded image" : places));
}

const resized = (matrix, rows, columns) =>
  Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => matrix[y]?.[x] ?? 0));

export default {
  render({ model, el }) {
    let chosen = [0, 0]; // the output value whose window is shown
    const state = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
    const sliders = {
      stride: slider("stride", { min: 1, max: 4, value: 1 }, (stride) => set(model, { stride })),
      padding: slider("padding", { min: 0, max: 3, value: 0 }, (padding) => set(model, { padding })),
      dilation: slider("dilation", { min: 1, max: 3, value: 1 }, (dilation) => set(model, { dilation })),
    };
    const rows = (name) => model.get(name).length, columns = (name) => model.get(name)[0].length;
    const resize = (name, height, width) => set(model, { [name]: resized(model.get(name), height, width) });
    const sizes = Object.fromEntries([["image", 8], ["kernel", 4]].map(([name, max]) => [name, [
      slider(`${name}, height`, { min: 1, max, value: 1 }, (n) => resize(name, n, columns(name))),
      slider(`${name}, width`, { min: 1, max, value: 1 }, (n) => resize(name, rows(name), n)),
    ]]));
    const examples = choice("example", [["", "your own"], ...Object.entries(EXAMPLES).map(([key, [text]]) => [key, text])], (key) => {
      chosen = [0, 0];
      if (key) set(model, EXAMPLES[key][1]);
    });
    const [imageBox, kernelBox, outputBox] = ["image X", "kernel W", "output Y"].map((title) => box(title));
    const formula = h("div", { class: "xp-formula" });
    const sum = h("p", { class: "xp-sum" });
    const note = h("p", { class: "xp-title" });
    const { root, say } = frame(
      el, model, "A kernel slides over an image",
      h("div", { class: "xp-row" }, examples),
      h("div", { class: "xp-row" }, imageBox, kernelBox, outputBox),
      h("div", { class: "xp-row" }, button("Previous window", () => step(-1)), button("Next window", () => step(1))),
      sum,
      h("div", { class: "xp-controls" }, ...Object.values(sliders), ...Object.values(sizes).flat()),
      formula, note,
    );
    let cells, output;

    function step(by) {
      const width = output[0]?.length ?? 0, count = output.length * width;
      if (!count) return;
      const next = (chosen[0] * width + chosen[1] + by + count) % count;
      point(Math.floor(next / width), next % width);
    }

    // Mark the window of one output value and write its sum.
    function point(y, x) {
      chosen = [y, x];
      unmark(root);
      if (output[y]?.[x] === undefined) return say((sum.textContent = "The kernel does not fit: make it smaller, or the padding larger."));
      const { image, kernel, ...options } = state();
      const terms = [];
      window(y, x, kernel, options).forEach((row, u) => row.forEach(([i, j], v) => {
        cells.image[i + options.padding][j + options.padding].classList.add("on");
        cells.kernel[u][v].classList.add("on");
        terms.push(`${term(image[i]?.[j] ?? 0)}·${term(kernel[u][v])}`);
      }));
      cells.output[y][x].classList.add("warm");
      sum.textContent = `Y[${y}, ${x}] = ${terms.join(" + ")} = ${number(output[y][x])}`;
      say(sum.textContent);
    }

    function draw() {
      const { image, kernel, ...options } = state();
      const { padding } = options;
      Object.entries(sliders).forEach(([name, control]) => control.set(options[name]));
      Object.entries(sizes).forEach(([name, [height, width]]) => {
        height.set(rows(name));
        width.set(columns(name));
      });
      const known = Object.entries(EXAMPLES).find(([, [, example]]) => JSON.stringify(example) === JSON.stringify(state()));
      examples.set(known?.[0] ?? "");
      output = convolve(image, kernel, options);
      const inner = editable(image, "image", (image) => set(model, { image }));
      const tables = [padded(inner, padding, "image with its padding"), editable(kernel, "kernel", (kernel) => set(model, { kernel })), pointable(output, "output", point)];
      [imageBox, kernelBox, outputBox].forEach((box, k) => box.show(tables[k].table, k || !padding ? "" : `image X, with ${padding} zero${padding > 1 ? "s" : ""} on each side`));
      cells = { image: tables[0].cells, kernel: tables[1].cells, output: tables[2].cells };

      // Pixels, and padding, that no window reads
      const read = new Set();
      output.forEach((row, y) => row.forEach((_, x) => window(y, x, kernel, options).flat().forEach((place) => read.add(place.join()))));
      let unread = 0;
      cells.image.forEach((row, i) => row.forEach((cell, j) => {
        const missed = !read.has([i - padding, j - padding].join());
        cell.classList.toggle("unread", missed);
        unread += missed && !cell.classList.contains("pad");
      }));
      note.textContent = unread ? `Hatched: ${unread} ${unread === 1 ? "pixel of the image is" : "pixels of the image are"} in no window.` : "Every pixel of the image is in a window.";
      formula.replaceChildren(size("H", image.length, kernel.length, options), size("W", image[0].length, kernel[0].length, options));
      point(Math.min(chosen[0], Math.max(0, output.length - 1)), Math.min(chosen[1], Math.max(0, (output[0]?.length ?? 1) - 1)));
    }
    return follow(model, TRAITS, () => keepingFocus(root, draw));
  },
};
