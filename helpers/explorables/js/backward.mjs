import { button, follow, frame, h, letter, number, set, term } from "./dom.mjs";
import { box, editable, keepingFocus, pointable, unmark } from "./grid.mjs";

const TRAITS = ["image", "kernel", "upstream"];
const sizes = ({ image, kernel }) => [image.length - kernel.length + 1, image[0].length - kernel[0].length + 1];
const every = (rows, columns, make) =>
  Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => make(y, x)));

// The terms of each entry: pairs of [tensor, row, column] whose product is added. Stride 1, no padding.
const TERMS = {
  output: (s, y, x) => s.kernel.flatMap((row, u) => row.map((_, v) => [["image", y + u, x + v], ["kernel", u, v]])),
  kernel_grad: (s, u, v) => s.upstream.flatMap((row, y) => row.map((_, x) => [["upstream", y, x], ["image", y + u, x + v]])),
  bias_grad: (s) => s.upstream.flatMap((row, y) => row.map((_, x) => [["upstream", y, x]])),
  image_grad: (s, i, j) =>
    s.upstream.flatMap((row, y) => row.map((_, x) => [["upstream", y, x], ["kernel", i - y, j - x]]))
      .filter(([, [, u, v]]) => s.kernel[u]?.[v] !== undefined),
};
const NAMES = { // as short as in a formula, and in words
  image: ["X", "image X"], kernel: ["W", "kernel W"], output: ["Y", "output Y"], upstream: ["Y∇", "upstream Y∇"],
  image_grad: ["X∇", "gradient X∇"], kernel_grad: ["W∇", "gradient W∇"], bias_grad: ["b∇", "gradient b∇"],
};
const gradient = (short) => letter(short[0], "sup", "∇");
const WHY = {
  output: "Forward: the window, times the kernel.",
  kernel_grad: "A weight meets one pixel in each window; each meeting is weighted with the upstream gradient of that window's output.",
  bias_grad: "The bias is added to every output, so it collects every upstream gradient.",
  image_grad: "A pixel lies in several windows. In each it met one weight: the kernel turned by 180°, laid over the upstream gradient.",
};

// All results of a state { image, kernel, upstream }, with the terms of every entry.
export function results(state) {
  const [rows, columns] = sizes(state);
  const shapes = { output: [rows, columns], kernel_grad: [state.kernel.length, state.kernel[0].length], bias_grad: [1, 1], image_grad: [state.image.length, state.image[0].length] };
  const value = ([name, y, x]) => state[name][y][x];
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [
    name, every(...shape, (y, x) => TERMS[name](state, y, x).reduce((sum, pair) => sum + pair.map(value).reduce((a, b) => a * b), 0)),
  ]));
}

export default {
  render({ model, el }) {
    let chosen = ["kernel_grad", 0, 0], shown = Infinity; // the entry, and how many of its terms
    const boxes = Object.fromEntries(Object.entries(NAMES).map(([name, [short, title]]) => [name, box(...(short.endsWith("∇") ? [title.slice(0, -2), gradient(short)] : [title]))]));
    const sum = h("p", { class: "xp-sum" }), why = h("p", { class: "xp-title" });
    const { root, say } = frame(
      el, model, "The backward pass of a convolution",
      h("p", { class: "xp-title" }, "Forward"),
      h("div", { class: "xp-row" }, boxes.image, boxes.kernel, boxes.output),
      h("p", { class: "xp-title" }, "Backward"),
      h("div", { class: "xp-row" }, boxes.image_grad, boxes.kernel_grad, boxes.bias_grad, boxes.upstream),
      h("div", { class: "xp-row" }, button("Previous term", () => step(-1)), button("Next term", () => step(1)), button("All terms", () => mark(...chosen))),
      sum, why,
    );
    let state, cells, terms;
    const value = ([name, y, x]) => state[name][y][x];

    function step(by) {
      const from = shown > terms.length ? (by > 0 ? 0 : terms.length + 1) : shown;
      mark(...chosen, Math.min(terms.length, Math.max(1, from + by)));
    }

    // Mark an entry and the entries that it is made of: all, or the first few.
    function mark(name, y, x, count = Infinity) {
      if (!cells[name][y]?.[x]) [y, x] = [0, 0]; // no longer there
      chosen = [name, y, x];
      shown = count;
      terms = TERMS[name](state, y, x);
      unmark(root);
      cells[name][y][x].classList.add("warm");
      const used = terms.slice(0, count);
      for (const [n, i, j] of count === Infinity ? used.flat() : used.at(-1)) cells[n][i][j].classList.add("on");
      const total = used.reduce((all, pair) => all + pair.map(value).reduce((a, b) => a * b), 0);
      const words = used.map((pair) => pair.map((entry) => term(value(entry))).join("·")).join(" + ") || "no term";
      const part = count < terms.length;
      const place = name === "bias_grad" ? "" : `[${y}, ${x}]`;
      sum.replaceChildren(name === "output" ? "Y" : gradient(NAMES[name][0]), `${place} = ${words}` +
        (part ? ` + …, so far ${number(total)} (term ${count} of ${terms.length})` : ` = ${number(total)}`));
      why.textContent = WHY[name];
      say(sum.textContent);
    }

    function draw() {
      state = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
      const [rows, columns] = sizes(state);
      if (rows !== state.upstream.length || columns !== state.upstream[0].length)
        state.upstream = every(rows, columns, (y, x) => state.upstream[y]?.[x] ?? 0);
      const found = results(state);
      cells = {};
      for (const name of TRAITS) {
        const made = editable(state[name], NAMES[name][1], (matrix) => set(model, { [name]: matrix }));
        boxes[name].show(made.table);
        cells[name] = made.cells;
      }
      for (const [name, matrix] of Object.entries(found)) {
        const made = pointable(matrix, NAMES[name][1], (y, x) => mark(name, y, x));
        boxes[name].show(made.table);
        cells[name] = made.cells;
      }
      mark(...chosen);
    }
    return follow(model, TRAITS, () => keepingFocus(root, draw));
  },
};
