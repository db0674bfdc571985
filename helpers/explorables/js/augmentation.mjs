import { button, follow, frame, h, number, set, slider } from "./dom.mjs";
import { generator } from "./random.mjs";
import { affine, paint, product, warp } from "./affine.mjs";

const TRAITS = ["degrees", "right", "down", "scale", "shear"];
const NEUTRAL = { degrees: 0, right: 0, down: 0, scale: 1, shear: 0 };

// The same map in one resampling, and in two: first the turn, then the rest.
export function resampled(image, { degrees, right, down, scale, shear }) {
  const turn = affine({ degrees }), rest = product(affine({ degrees, right, down, scale, shear }), affine({ degrees: -degrees }));
  const once = warp(image, product(rest, turn));
  return { map: product(rest, turn), once, twice: warp(warp(image, turn), rest) };
}

// The sum of squared differences of neighbours: less of it is a softer image.
const contrast = (image) => {
  let sum = 0;
  image.forEach((row, y) => row.forEach((value, x) => {
    if (x) sum += (value - row[x - 1]) ** 2;
    if (y) sum += (value - image[y - 1][x]) ** 2;
  }));
  return sum;
};

const fixed = (value) => (Math.round(value * 1000) / 1000 || 0).toFixed(3).replace("-", "\u2212");

export default {
  render({ model, el }) {
    const control = (label, name, range) => [name, slider(label, { ...range, value: NEUTRAL[name] }, (value) => set(model, { [name]: value }))];
    const sliders = Object.fromEntries([
      control("rotation", "degrees", { min: -45, max: 45, unit: "°" }),
      control("shift right", "right", { min: -8, max: 8, step: 0.5, unit: " px" }),
      control("shift down", "down", { min: -8, max: 8, step: 0.5, unit: " px" }),
      control("scale", "scale", { min: 0.5, max: 1.5, step: 0.05 }),
      control("shear", "shear", { min: -30, max: 30, unit: "°" }),
    ]);
    const canvases = Object.fromEntries(["original", "one resampling", "two resamplings", "two minus one"].map((name) => [name, h("canvas", { class: "xp-image", role: "img", "aria-label": name })]));
    const pictures = Object.entries(canvases).map(([name, canvas]) => h("figure", {}, h("figcaption", { class: "xp-title" }, name), canvas));
    const matrix = h("div", { class: "xp-formula" }), sum = h("p", { class: "xp-sum" });
    const digit = slider("image", { min: 1, max: model.get("images").length, value: 1 }, (k) => set(model, { chosen: k - 1 }));
    const { say } = frame(
      el, model, "An affine map of a digit",
      h("div", { class: "xp-row" }, ...pictures),
      h("p", { class: "xp-title" }, "Two minus one: orange where two resamplings are brighter, blue where they are darker."),
      h("div", { class: "xp-controls" }, digit, ...Object.values(sliders)),
      h("div", { class: "xp-row" }, button("Back to the start", () => set(model, NEUTRAL)), button("A random map", () => set(model, random()))),
      matrix, sum,
    );

    const uniform = generator(1);
    // As in the recipe "affine" of helpers.data.augment
    function random() {
      const within = (half) => Math.round(20 * half * (2 * uniform() - 1)) / 20;
      return { degrees: within(10), right: within(2), down: within(2), scale: 1 + within(0.1), shear: within(7) };
    }

    function draw() {
      const state = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
      const image = model.get("images")[model.get("chosen")];
      Object.entries(sliders).forEach(([name, slider]) => slider.set(state[name]));
      digit.set(model.get("chosen") + 1);
      const { map, once, twice } = resampled(image, state);
      paint(canvases.original, image);
      paint(canvases["one resampling"], once);
      paint(canvases["two resamplings"], twice);
      paint(canvases["two minus one"], twice.map((row, y) => row.map((value, x) => value - once[y][x])), true);
      // as wide as "−0.985", so that the columns stand below each other
      const rows = map.map((row) => row.map((value) => fixed(value).padStart(8)).join(""));
      matrix.replaceChildren("The map, for (x, y, 1) from the centre, y downwards:", ...rows.map((row) => h("code", { class: "xp-line" }, row)));
      const lost = Math.round(100 * (1 - contrast(twice) / contrast(once))) || 0; // 0 for an even image
      sum.textContent = lost ? `Two resamplings leave ${number(Math.abs(lost))} % ${lost > 0 ? "less" : "more"} contrast between neighbours (squared) than one.` : "Two resamplings leave as much contrast between neighbours as one.";
      say(sum.textContent);
    }
    return follow(model, [...TRAITS, "chosen"], draw);
  },
};
