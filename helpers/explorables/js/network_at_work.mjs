import { button, choice, follow, frame, h, set, slider } from "./dom.mjs";
import { paint, warp } from "./affine.mjs";
import { decode, run } from "./network.mjs";

const SIDE = 28; // of the digit that is drawn or taken
const TRAITS = ["digit", "side", "scale", "right", "down", "network", "block"];
const BRUSH = [[0, 0, 255], [0, 1, 170], [1, 0, 170], [0, -1, 170], [-1, 0, 170], [1, 1, 70], [-1, 1, 70], [1, -1, 70], [-1, -1, 70]];
const empty = () => Array.from({ length: SIDE }, () => Array(SIDE).fill(0));

// The digit on a black canvas: enlarged about its centre, and moved from the middle.
export function place(digit, { side, scale, right, down }) {
  const before = Math.floor((side - SIDE) / 2);
  const canvas = Array.from({ length: side }, (_, y) => Array.from({ length: side }, (_, x) => digit[y - before]?.[x - before] ?? 0));
  const odd = (side - SIDE - 2 * before) / 2; // where the middle of the digit lies
  if (scale === 1 && Number.isInteger(right) && Number.isInteger(down))
    return canvas.map((row, y) => row.map((_, x) => canvas[y - down]?.[x - right] ?? 0));
  const map = [[scale, 0, right + odd * (scale - 1)], [0, scale, down + odd * (scale - 1)], [0, 0, 1]];
  return warp(canvas, map).map((row) => row.map(Math.round));
}

// All maps of a block side by side, each with its own brightest value.
export function mosaic({ data, channels, height, width }) {
  const columns = Math.ceil(Math.sqrt(channels)), rows = Math.ceil(channels / columns);
  const image = Array.from({ length: rows * (height + 1) }, () => Array(columns * (width + 1)).fill(60));
  for (let c = 0; c < channels; c++) {
    const map = data.subarray(c * height * width, (c + 1) * height * width), top = map.reduce((a, b) => Math.max(a, b), 1e-9);
    map.forEach((value, k) => {
      const y = Math.floor(k / width), x = k % width;
      image[Math.floor(c / columns) * (height + 1) + y][(c % columns) * (width + 1) + x] = (255 * value) / top;
    });
  }
  return image;
}

export default {
  render({ model, el }) {
    const networks = model.get("networks").map((network) => ({
      ...network, layers: network.layers.map((pair) => pair.map(decode)),
    }));
    const control = (label, name, range) => [name, slider(label, { ...range, value: range.min }, (value) => set(model, { [name]: value }))];
    const sliders = Object.fromEntries([
      control("canvas", "side", { min: 28, max: 128, step: 4, unit: " px" }),
      control("scale of the digit", "scale", { min: 0.5, max: 3, step: 0.1 }),
      control("moved right", "right", { min: -50, max: 50, unit: " px" }),
      control("moved down", "down", { min: -50, max: 50, unit: " px" }),
    ]);
    const samples = choice("digit", [["", "drawn"], ...model.get("samples").map((_, k) => [k, `image ${k + 1}`])], (k) => k !== "" && set(model, { digit: model.get("samples")[k] }));
    const which = choice("maps of", networks.map(({ name }, k) => [k, name]), (k) => set(model, { network: Number(k) }));
    const block = choice("block", [[0, "1"], [1, "2"], [2, "3"]], (k) => set(model, { block: Number(k) }));
    const input = h("canvas", { class: "xp-draw", tabindex: 0, role: "application", "aria-label": "canvas: draw with pointer or finger; with the keyboard, arrows move the brush and the space bar paints" });
    const maps = h("canvas", { class: "xp-maps", role: "img" });
    const scores = h("div", { class: "xp-scores" }), note = h("p", { class: "xp-title" });
    const { say } = frame(
      el, model, "The network at work",
      h("div", { class: "xp-row" }, samples, button("Clear", () => set(model, { digit: empty() }))),
      h("div", { class: "xp-row" }, h("figure", {}, h("figcaption", { class: "xp-title" }, "draw here"), input), scores),
      h("div", { class: "xp-controls" }, ...Object.values(sliders)),
      h("div", { class: "xp-row" }, which, block),
      h("figure", {}, maps, note),
    );
    let brush = [SIDE / 2, SIDE / 2], last; // column and row; where the pointer was, while it draws

    // Paint a line from one place of the digit to another, in its pixels: [column, row].
    function stroke(from, to) {
      const digit = model.get("digit").map((line) => [...line]);
      const steps = Math.max(1, Math.ceil(Math.max(...to.map((value, k) => Math.abs(value - from[k])))));
      for (let k = 0; k <= steps; k++) {
        const [column, row] = to.map((value, axis) => Math.floor(from[axis] + ((value - from[axis]) * k) / steps));
        for (const [i, j, value] of BRUSH)
          if (digit[row + i]?.[column + j] !== undefined) digit[row + i][column + j] = Math.max(digit[row + i][column + j], value);
      }
      set(model, { digit });
    }
    // The place of the digit below the pointer.
    function below(event) {
      const box = input.getBoundingClientRect(), [side, scale, right, down] = ["side", "scale", "right", "down"].map((name) => model.get(name));
      return [((event.clientX - box.left) / box.width - 0.5) * side - right, ((event.clientY - box.top) / box.height - 0.5) * side - down].map((value) => value / scale + SIDE / 2);
    }
    input.addEventListener("pointerdown", (event) => {
      input.setPointerCapture?.(event.pointerId);
      last = below(event);
      stroke(last, last);
    });
    input.addEventListener("pointermove", (event) => {
      if (!event.buttons || !last) return;
      const next = below(event);
      stroke(last, next);
      last = next;
    });
    for (const end of ["pointerup", "pointercancel"]) input.addEventListener(end, () => (last = undefined));
    input.addEventListener("keydown", (event) => {
      const moves = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
      if (moves[event.key]) brush = brush.map((value, k) => Math.min(SIDE - 1, Math.max(0, value + moves[event.key][k])));
      else if (event.key !== " ") return;
      event.preventDefault();
      if (event.key === " ") stroke(brush, brush);
      else {
        paintInput();
        say(`brush in column ${brush[0]}, row ${brush[1]} of the digit`);
      }
    });

    let state = {}, image, results;

    // Only what changed is computed again: the networks for another image, the maps for another choice.
    function draw() {
      const before = state, changed = (...names) => names.some((name) => state[name] !== before[name]);
      state = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
      Object.entries(sliders).forEach(([name, slider]) => slider.set(state[name]));
      if (changed("digit", "side", "scale", "right", "down")) compute(changed("digit"));
      which.set(state.network);
      block.set(state.block);
      paintInput();
      paintMaps();
    }

    function compute(another) {
      if (another) {
        const text = JSON.stringify(state.digit), known = model.get("samples").findIndex((sample) => JSON.stringify(sample) === text);
        samples.set(known < 0 ? "" : known);
      }
      image = place(state.digit, state);
      const start = performance.now();
      results = networks.map((network) => run(network, image));
      el.dataset.milliseconds = (performance.now() - start).toFixed(1);
      el.dataset.runs = Number(el.dataset.runs ?? 0) + 1;
      paintScores();
    }

    // The digit, where the global maxima come from, and the brush of the keyboard.
    function paintInput() {
      paint(input, image);
      const context = input.getContext("2d"), chosen = results[state.network];
      if (networks[state.network].pooling === "max") {
        // where the maxima come from, as squares of 8×8 pixels, more of them brighter
        context.fillStyle = "rgb(240 150 60 / 16%)";
        chosen.places.forEach(([y, x], c) => chosen.values[c] > 0 && context.fillRect(8 * x, 8 * y, 8, 8));
      }
      if (document.activeElement === input) {
        context.strokeStyle = "#7fb6f2";
        const [left, top] = [state.right, state.down].map((shift, k) => (brush[k] + 0.5 - SIDE / 2) * state.scale + state.side / 2 + shift);
        context.strokeRect(left - 1, top - 1, 2, 2);
      }
    }

    function paintScores() {
      scores.replaceChildren(...results.map(({ probabilities }, k) => {
        const best = probabilities.indexOf(Math.max(...probabilities));
        const bars = probabilities.map((p, digit) => h("div", { class: "xp-bar", style: `--p: ${p}` }, String(digit)));
        bars[best].classList.add("best");
        return h("figure", {}, h("figcaption", { class: "xp-title" }, `${networks[k].name}: ${best} (${(100 * probabilities[best]).toFixed(0)} %)`), h("div", { class: "xp-bars", "aria-hidden": "true" }, ...bars));
      }));
      say(results.map(({ probabilities }, k) => `${networks[k].name} says ${probabilities.indexOf(Math.max(...probabilities))}`).join(", "));
    }

    function paintMaps() {
      const shown = results[state.network].blocks[state.block];
      paint(maps, mosaic(shown));
      const about = `${shown.channels} maps of ${shown.height}×${shown.width}, after block ${state.block + 1} of the network with ${networks[state.network].name}`;
      maps.setAttribute("aria-label", about);
      note.textContent = `${about}; each map is drawn with its own brightest value.` + (networks[state.network].pooling === "max" ? " Orange squares: where the global maxima come from." : "");
    }
    for (const kind of ["focus", "blur"]) input.addEventListener(kind, paintInput);
    return follow(model, TRAITS, draw);
  },
};
