import { follow, frame, h, number, set, slider, term } from "./dom.mjs";
import { box, editable, keepingFocus, padded, pointable, unmark } from "./grid.mjs";
import { outputSize, window } from "./convolution.mjs";

const TRAITS = ["image", "kernel_size", "stride", "padding"];

// Patches as columns: the places [row, column] in the image of every entry, K rows of P.
export function places(height, width, size, options) {
  const down = outputSize(height, size, options), right = outputSize(width, size, options);
  const kernel = Array.from({ length: size }, () => Array(size).fill(0));
  const patches = [];
  for (let y = 0; y < down; y++)
    for (let x = 0; x < right; x++) patches.push(window(y, x, kernel, options).flat());
  return Array.from({ length: size * size }, (_, k) => patches.map((patch) => patch[k]));
}

// Add every entry of the columns to the place that it came from.
export function fold(columns, from, height, width) {
  const image = Array.from({ length: height }, () => Array(width).fill(0));
  columns.forEach((row, k) => row.forEach((value, p) => {
    const [y, x] = from[k][p];
    if (image[y]?.[x] !== undefined) image[y][x] += value;
  }));
  return image;
}

export default {
  render({ model, el }) {
    const sliders = {
      kernel_size: slider("window, each side", { min: 1, max: 3, value: 2 }, (kernel_size) => set(model, { kernel_size })),
      stride: slider("stride", { min: 1, max: 3, value: 1 }, (stride) => set(model, { stride })),
      padding: slider("padding", { min: 0, max: 2, value: 0 }, (padding) => set(model, { padding })),
    };
    const resized = (height, width) =>
      set(model, { image: Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => model.get("image")[y]?.[x] ?? 0)) });
    const sides = [
      slider("image, height", { min: 1, max: 6, value: 1 }, (n) => resized(n, model.get("image")[0].length)),
      slider("image, width", { min: 1, max: 6, value: 1 }, (n) => resized(model.get("image").length, n)),
    ];
    const [imageBox, columnsBox, foldedBox] = ["image", "columns", "fold of the columns"].map((title) => box(title));
    const sum = h("p", { class: "xp-sum" }), count = h("p", { class: "xp-formula" });
    const { root, say } = frame(
      el, model, "Unfold and fold",
      h("div", { class: "xp-row" }, imageBox, columnsBox, foldedBox),
      sum,
      h("div", { class: "xp-controls" }, ...Object.values(sliders), ...sides),
      count,
    );
    let cells, from, columns, folded, image, padding;
    const value = ([y, x]) => image[y]?.[x] ?? 0;
    const tell = (text) => say((sum.textContent = text));
    const cellOf = ([y, x]) => cells.image[y + padding]?.[x + padding];

    // One patch: its column and its window.
    function patch(k, p) {
      unmark(root);
      from.forEach((row, place) => {
        cells.columns[place][p].classList.add("on");
        cellOf(row[p]).classList.add("on");
      });
      for (const cell of [cells.columns[k][p], cellOf(from[k][p])]) cell.classList.add("warm");
      tell(`patch ${p}, place ${k}: the pixel [${from[k][p].map(number).join(", ")}], which is ${number(value(from[k][p]))}`);
    }

    // One pixel: all its copies, and what fold makes of them.
    function pixel(y, x) {
      unmark(root);
      const copies = [];
      from.forEach((row, k) => row.forEach(([i, j], p) => {
        if (i !== y || j !== x) return;
        cells.columns[k][p].classList.add("warm");
        copies.push([k, p]);
      }));
      cellOf([y, x]).classList.add("warm");
      cells.folded[y]?.[x]?.classList.add("warm");
      const terms = copies.map(() => term(image[y][x])).join(" + ");
      tell(copies.length
        ? `the pixel [${y}, ${x}] has ${copies.length} ${copies.length === 1 ? "copy" : "copies"}, in the patches ${copies.map(([, p]) => p).join(", ")}; fold adds them: ${terms} = ${number(folded[y][x])}`
        : `the pixel [${y}, ${x}] is in no patch; fold leaves 0 there`);
    }

    function draw() {
      image = model.get("image");
      padding = model.get("padding");
      const options = { stride: model.get("stride"), padding }, size = model.get("kernel_size");
      sides.forEach((side, axis) => side.set(axis ? image[0].length : image.length));
      Object.entries(sliders).forEach(([name, control]) => control.set(model.get(name)));
      from = places(image.length, image[0].length, size, options);
      columns = from.map((row) => row.map(value));
      folded = fold(columns, from, image.length, image[0].length);
      const P = from[0]?.length ?? 0, K = size * size;
      const inner = editable(image, "image", (image) => set(model, { image }), (y, x) => pixel(y, x));
      const tables = { image: padded(inner, padding, "image with its padding"), columns: pointable(P ? columns : [], "columns", patch), folded: pointable(folded, "fold", pixel) };
      cells = Object.fromEntries(Object.entries(tables).map(([name, { cells }]) => [name, cells]));
      imageBox.show(tables.image.table, padding ? `image, with ${padding} zero${padding > 1 ? "s" : ""} on each side` : "");
      columnsBox.show(tables.columns.table, `columns: ${K} × ${P} (K places × P patches)`);
      foldedBox.show(tables.folded.table);
      const copies = from.flat().filter(([y, x]) => image[y]?.[x] !== undefined).length;
      count.textContent = P
        ? `${image.length * image[0].length} pixels become K·P = ${K}·${P} = ${K * P} values: ${copies} copies of pixels and ${K * P - copies} zeros of the padding.`
        : "The window does not fit: make it smaller, or the padding larger.";
      if (P) patch(0, 0);
      else tell("");
    }
    return follow(model, TRAITS, () => keepingFocus(root, draw));
  },
};
