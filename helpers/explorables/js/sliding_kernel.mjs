import { button, choice, follow, frame, h, number, set, slider, term, walkable } from "./dom.mjs";
import { convolve, outputSize, window } from "./convolution.mjs";

// Ready examples: name, what to notice, state.
const EXAMPLES = {
  sheet: ["the example by hand", { image: [[1, 2, 0], [0, 1, 3], [2, 0, 1]], kernel: [[1, 2], [0, -1]], stride: 1, padding: 0, dilation: 1 }],
  edge: ["a vertical edge", { image: Array(5).fill([0, 0, 5, 5, 5]), kernel: [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]], stride: 1, padding: 0, dilation: 1 }],
  same: ["same size: padding 1", { image: Array(4).fill([1, 1, 1, 1]), kernel: Array(3).fill([1, 1, 1]), stride: 1, padding: 1, dilation: 1 }],
  left: ["pixels left over: stride 2", { image: [0, 1, 2, 3, 4, 5].map((y) => [0, 1, 2, 3, 4, 5].map((x) => y + x)), kernel: Array(3).fill([1, 0, -1]), stride: 2, padding: 0, dilation: 1 }],
  holes: ["with holes: dilation 2", { image: [0, 1, 2, 3, 4, 5, 6].map((y) => [0, 1, 2, 3, 4, 5, 6].map((x) => (x === 3 && y === 3 ? 9 : 0))), kernel: [[1, 2, 3], [4, 5, 6], [7, 8, 9]], stride: 1, padding: 0, dilation: 2 }],
};
const TRAITS = ["image", "kernel", "stride", "padding", "dilation"];

// The output size with its numbers, for one direction.
function size(letter, size, kernel, { stride, padding, dilation }) {
  const reach = dilation * (kernel - 1) + 1;
  const places = outputSize(size, kernel, { stride, padding, dilation });
  return `${letter} = ⌊(${size} + 2·${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}⌋ + 1 = ` +
    (size + 2 * padding < reach ? "no place: the kernel is larger than the padded image" : places);
}

const resized = (matrix, rows, columns) =>
  Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => matrix[y]?.[x] ?? 0));

// A table of numbers that can be changed; a change calls back with the new matrix.
function editable(matrix, name, changed) {
  const table = h("table", { class: "xp-grid", "aria-label": name });
  matrix.forEach((row, y) => {
    const line = table.insertRow();
    row.forEach((value, x) => {
      const input = h("input", {
        inputmode: "decimal", "aria-label": `${name}, row ${y}, column ${x}`,
        onchange: () => {
          const entered = Number(input.value.replace("\u2212", "-").replace(",", "."));
          const valid = input.value.trim() !== "" && Number.isFinite(entered) && Math.abs(entered) <= 1e6;
          input.setAttribute("aria-invalid", String(!valid));
          if (valid) changed(matrix.map((r, i) => r.map((v, j) => (i === y && j === x ? entered : v))));
        },
      });
      input.value = number(value);
      const cell = line.insertCell();
      cell.append(input);
    });
  });
  return table;
}

export default {
  render({ model, el }) {
    let chosen = [0, 0]; // the output value whose window is shown
    const state = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
    const sliders = {
      stride: slider("stride", { min: 1, max: 4, value: 1 }, (stride) => set(model, { stride })),
      padding: slider("padding", { min: 0, max: 3, value: 0 }, (padding) => set(model, { padding })),
      dilation: slider("dilation", { min: 1, max: 3, value: 1 }, (dilation) => set(model, { dilation })),
    };
    const sizes = {
      image: slider("image", { min: 2, max: 8, value: 3, unit: " px" }, (n) => set(model, { image: resized(model.get("image"), n, n) })),
      kernel: slider("kernel", { min: 1, max: 4, value: 2, unit: " px" }, (n) => set(model, { kernel: resized(model.get("kernel"), n, n) })),
    };
    const examples = choice("example", [["", "your own"], ...Object.entries(EXAMPLES).map(([key, [text]]) => [key, text])], (key) => {
      chosen = [0, 0];
      if (key) set(model, EXAMPLES[key][1]);
    });
    const [imageBox, kernelBox, outputBox] = ["image, padded", "kernel", "output"].map((title) =>
      h("figure", { class: "xp-scroll" }, h("figcaption", { class: "xp-title" }, title)),
    );
    const formula = h("p", { class: "xp-formula" });
    const sum = h("p", { class: "xp-sum" });
    const note = h("p", { class: "xp-title" });
    const { root, say } = frame(
      el, model, "A kernel slides over an image",
      h("div", { class: "xp-row" }, examples, ...Object.values(sizes)),
      h("div", { class: "xp-row" }, ...Object.values(sliders)),
      h("div", { class: "xp-row" }, imageBox, kernelBox, outputBox),
      h("div", { class: "xp-row" }, button("Previous window", () => step(-1)), button("Next window", () => step(1))),
      sum, formula, note,
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
      for (const cell of root.querySelectorAll("td")) cell.classList.remove("on", "warm");
      if (!output.length) return (sum.textContent = "The kernel does not fit: make it smaller, or the padding larger.");
      const { image, kernel, ...options } = state();
      const terms = [];
      window(y, x, kernel, options).forEach((row, u) => row.forEach(([i, j], v) => {
        cells.image[i + options.padding][j + options.padding].classList.add("on");
        cells.kernel[u][v].classList.add("on");
        terms.push(`${term(image[i]?.[j] ?? 0)}·${term(kernel[u][v])}`);
      }));
      cells.output[y][x].classList.add("warm");
      sum.textContent = `output[${y}, ${x}] = ${terms.join(" + ")} = ${number(output[y][x])}`;
      say(sum.textContent);
    }

    function draw() {
      const { image, kernel, ...options } = state();
      const { padding } = options;
      Object.entries(sliders).forEach(([name, control]) => control.set(options[name]));
      sizes.image.set(image.length);
      sizes.kernel.set(kernel.length);
      const known = Object.entries(EXAMPLES).find(([, [, example]]) => JSON.stringify(example) === JSON.stringify(state()));
      examples.set(known?.[0] ?? "");
      output = convolve(image, kernel, options);
      const focused = document.activeElement?.getAttribute?.("aria-label");

      const inner = editable(image, "image", (image) => set(model, { image }));
      const grid = h("table", { class: "xp-grid", "aria-label": "image with its padding" });
      cells = { image: [], kernel: [], output: [] };
      for (let i = -padding; i < image.length + padding; i++) {
        const line = grid.insertRow(), row = [];
        for (let j = -padding; j < image[0].length + padding; j++) {
          const inside = image[i]?.[j] !== undefined;
          const cell = inside ? inner.rows[i].cells[0] : h("td", { class: "pad" }, "0");
          line.append(cell); // the cell leaves the inner table, so the next one is its first
          row.push(cell);
        }
        cells.image.push(row);
      }
      const weights = editable(kernel, "kernel", (kernel) => set(model, { kernel }));
      cells.kernel = [...weights.rows].map((row) => [...row.cells]);
      const results = h("table", { class: "xp-grid", "aria-label": "output" });
      output.forEach((values, y) => {
        const line = results.insertRow();
        cells.output.push(values.map((value, x) => {
          const cell = line.insertCell();
          cell.append(h("button", {
            type: "button", "aria-label": `output, row ${y}, column ${x}: ${number(value)}`,
            onpointerenter: () => point(y, x), onfocus: () => point(y, x), onclick: () => point(y, x),
          }, number(value)));
          return cell;
        }));
      });
      walkable(results);
      for (const [box, table] of [[imageBox, grid], [kernelBox, weights], [outputBox, results]])
        box.replaceChildren(box.firstChild, table);

      // Pixels, and padding, that no window reads
      const read = new Set();
      output.forEach((row, y) => row.forEach((_, x) => window(y, x, kernel, options).flat().forEach((place) => read.add(place.join()))));
      let unread = 0;
      cells.image.forEach((row, i) => row.forEach((cell, j) => {
        const missed = !read.has([i - padding, j - padding].join());
        cell.classList.toggle("unread", missed);
        unread += missed && !cell.classList.contains("pad");
      }));
      note.textContent = unread ? `Hatched: ${unread} pixels of the image are in no window.` : "Every pixel of the image is in a window.";
      formula.replaceChildren(size("H_out", image.length, kernel.length, options), h("br"), size("W_out", image[0].length, kernel[0].length, options));
      point(Math.min(chosen[0], Math.max(0, output.length - 1)), Math.min(chosen[1], Math.max(0, (output[0]?.length ?? 1) - 1)));
      if (focused) [...root.querySelectorAll("[aria-label]")].find((e) => e.getAttribute("aria-label") === focused)?.focus();
    }
    return follow(model, TRAITS, draw);
  },
};
