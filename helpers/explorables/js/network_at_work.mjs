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
      control("right", "right", { min: -50, max: 50, unit: " px" }),
      control("down", "down", { min: -50, max: 50, unit: " px" }),
    ]);
    const samples = choice("digit", [["", "drawn"], ...model.get("samples").map((_, k) => [k, `test image ${k + 1}`])], (k) => k !== "" && set(model, { digit: model.get("samples")[k] }));
    const which = choice("maps of", networks.map(({ name }, k) => [k, name]), (k) => set(model, { network: Number(k) }));
    const block = choice("block", [[0, "1"], [1, "2"], [2, "3"]], (k) => set(model, { block: Number(k) }));
    const input = h("canvas", { class: "xp-draw", tabindex: 0, role: "img", "aria-label": "canvas: draw with pointer or finger; with the keyboard, arrows move the brush and the space bar paints" });
    const maps = h("canvas", { class: "xp-maps", role: "img" });
    const scores = h("div", { class: "xp-scores" }), note = h("p", { class: "xp-title" });
    const { say } = frame(
      el, model, "The network at work",
      h("div", { class: "xp-row" }, samples, ...Object.values(sliders), button("Clear", () => set(model, { digit: empty() }))),
      h("div", { class: "xp-row" }, h("figure", {}, h("figcaption", { class: "xp-title" }, "draw here"), input), scores),
      h("div", { class: "xp-row" }, which, block),
      h("figure", {}, maps, note),
    );
    let brush = [SIDE / 2, SIDE / 2];

    // Paint at a place of the canvas, in its pixels, on the digit below it.
    function stroke(x, y) {
      const [side, scale, right, down] = ["side", "scale", "right", "down"].map((name) => model.get(name));
      const column = Math.floor((x - side / 2 - right) / scale + SIDE / 2), row = Math.floor((y - side / 2 - down) / scale + SIDE / 2);
      const digit = model.get("digit").map((line) => [...line]);
      for (const [i, j, value] of BRUSH)
        if (digit[row + i]?.[column + j] !== undefined) digit[row + i][column + j] = Math.max(digit[row + i][column + j], value);
      set(model, { digit });
    }
    const pointed = (event) => {
      const box = input.getBoundingClientRect(), side = model.get("side");
      stroke(((event.clientX - box.left) / box.width) * side, ((event.clientY - box.top) / box.height) * side);
    };
    input.addEventListener("pointerdown", (event) => { input.setPointerCapture?.(event.pointerId); pointed(event); });
    input.addEventListener("pointermove", (event) => event.buttons && pointed(event));
    input.addEventListener("keydown", (event) => {
      const moves = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
      if (moves[event.key]) brush = brush.map((value, k) => Math.min(SIDE - 1, Math.max(0, value + moves[event.key][k])));
      else if (event.key !== " ") return;
      event.preventDefault();
      const [side, scale, right, down] = ["side", "scale", "right", "down"].map((name) => model.get(name));
      const at = brush.map((value, k) => (value + 0.5 - SIDE / 2) * scale + side / 2 + [right, down][k]);
      if (event.key === " ") stroke(...at);
      else draw();
    });

    function draw() {
      const state = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
      Object.entries(sliders).forEach(([name, slider]) => slider.set(state[name]));
      const known = model.get("samples").findIndex((sample) => JSON.stringify(sample) === JSON.stringify(state.digit));
      samples.set(known < 0 ? "" : known);
      which.set(state.network);
      block.set(state.block);
      const image = place(state.digit, state);
      const start = performance.now(), results = networks.map((network) => run(network, image));
      el.dataset.milliseconds = (performance.now() - start).toFixed(1);
      paint(input, image);
      const context = input.getContext("2d");
      const chosen = results[state.network];
      if (networks[state.network].pooling === "max") {
        // where the maxima come from, as squares of 8×8 pixels, more of them brighter
        context.fillStyle = "rgb(240 150 60 / 16%)";
        chosen.places.forEach(([y, x], c) => chosen.values[c] > 0 && context.fillRect(8 * x, 8 * y, 8, 8));
      }
      if (document.activeElement === input) {
        context.strokeStyle = "#7fb6f2";
        context.strokeRect((brush[0] + 0.5 - SIDE / 2) * state.scale + state.side / 2 + state.right - 1, (brush[1] + 0.5 - SIDE / 2) * state.scale + state.side / 2 + state.down - 1, 2, 2);
      }
      scores.replaceChildren(...results.map(({ probabilities }, k) => {
        const best = probabilities.indexOf(Math.max(...probabilities));
        const bars = probabilities.map((p, digit) => h("div", { class: "xp-bar", style: `--p: ${p}` }, String(digit)));
        bars[best].classList.add("best");
        return h("figure", {}, h("figcaption", { class: "xp-title" }, `${networks[k].name}: ${best} (${(100 * probabilities[best]).toFixed(0)} %)`), h("div", { class: "xp-bars", "aria-hidden": "true" }, ...bars));
      }));
      const shown = chosen.blocks[state.block];
      paint(maps, mosaic(shown));
      const about = `${shown.channels} maps of ${shown.height}×${shown.width}, after block ${state.block + 1} of the network with ${networks[state.network].name}`;
      maps.setAttribute("aria-label", about);
      note.textContent = `${about}; each map is drawn with its own brightest value.` + (networks[state.network].pooling === "max" ? " Orange squares: where the global maxima come from." : "");
      say(results.map(({ probabilities }, k) => `${networks[k].name} says ${probabilities.indexOf(Math.max(...probabilities))}`).join(", "));
    }
    input.addEventListener("focus", draw);
    input.addEventListener("blur", draw);
    return follow(model, TRAITS, draw);
  },
};
