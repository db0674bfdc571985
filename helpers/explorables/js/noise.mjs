import { button, follow, frame, h, number, set, slider } from "./dom.mjs";
import { generator } from "./random.mjs";

const TRAITS = ["settings", "runs", "spread"];
const REPEATS = 2000;

// One sweep: the mean of `runs` recorded deviations for each setting, on top of its true accuracy.
export function sweep(truth, deviations, runs, random) {
  return truth.map((value) => {
    let sum = 0;
    for (let k = 0; k < runs; k++) sum += deviations[Math.floor(random() * deviations.length)];
    return value + sum / runs;
  });
}

// The true accuracies: from -spread to 0, in equal steps; the last setting is the best one.
export const truths = (settings, spread) =>
  Array.from({ length: settings }, (_, k) => (settings > 1 ? (spread * (k - settings + 1)) / (settings - 1) : 0));

// The winner of a sweep; of equal ones, which the few recorded deviations make likely, any.
export function winner(seen, random) {
  const top = Math.max(...seen), equal = seen.flatMap((value, k) => (top - value < 1e-9 ? [k] : []));
  return equal[Math.floor(random() * equal.length)];
}

// Over many sweeps: how often the truly best setting is chosen, and how much too high its accuracy looks.
export function luck({ settings, runs, spread, deviations }, repeats = REPEATS, seed = 1) {
  const random = generator(seed), truth = truths(settings, spread), chosen = Array(settings).fill(0);
  let high = 0, lost = 0;
  for (let k = 0; k < repeats; k++) {
    const seen = sweep(truth, deviations, runs, random), best = winner(seen, random);
    chosen[best]++;
    high += (seen[best] - truth[best]) / repeats;
    lost += -truth[best] / repeats;
  }
  return { chosen: chosen.map((count) => count / repeats), high, lost };
}

const points = (value) => `${Math.abs(value).toFixed(2)} points ${value < 0 ? "worse" : "better"}`;

const SVG = "http://www.w3.org/2000/svg";
function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

export default {
  render({ model, el }) {
    const control = (label, name, range) => [name, slider(label, { ...range, value: range.min }, (value) => set(model, { [name]: value }))];
    const sliders = Object.fromEntries([
      control("settings tried", "settings", { min: 2, max: 20 }),
      control("runs of each", "runs", { min: 1, max: 10 }),
      control("worst to best", "spread", { min: 0, max: 2, step: 0.1, unit: " points" }),
    ]);
    const picture = draw("svg", { viewBox: "0 0 640 314", role: "img", class: "xp-plot" });
    const sum = h("p", { class: "xp-sum" }), note = h("p", { class: "xp-title" });
    const { say } = frame(
      el, model, "Choosing with noise",
      picture,
      h("div", { class: "xp-row" }, button("Draw a new sweep", () => { seed += 1; redraw(); })),
      sum,
      h("div", { class: "xp-controls" }, ...Object.values(sliders)),
      note,
    );
    let seed = 1, counted = {}; // many sweeps are counted again only for another state

    function redraw() {
      const state = { ...Object.fromEntries(TRAITS.map((name) => [name, model.get(name)])), deviations: model.get("deviations") };
      Object.entries(sliders).forEach(([name, slider]) => slider.set(state[name]));
      const truth = truths(state.settings, state.spread);
      const random = generator(seed), seen = sweep(truth, state.deviations, state.runs, random), best = winner(seen, random);
      const about = TRAITS.map((name) => state[name]).join();
      if (counted.about !== about) counted = { about, ...luck(state) };
      const { chosen, high, lost } = counted;
      const low = Math.min(...seen, ...truth), top = Math.max(...seen, ...truth), most = Math.max(...chosen);
      const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((step) => (top - low) / step <= 5) ?? 100;
      const wide = Math.max(320, Math.min(640, el.clientWidth || 640)), apart = (wide - 70) / state.settings; // words keep their size
      const half = Math.min(9, 0.4 * apart), x = (k) => 60 + apart * (k + 0.5), y = (value) => 30 + (140 * (top - value)) / (top - low || 1);
      picture.replaceChildren();
      picture.setAttribute("viewBox", `0 0 ${wide} 314`);
      picture.setAttribute("aria-label", `Accuracies of ${state.settings} settings; the highest is that of setting ${best + 1}`);
      const text = (content, attributes) => {
        const element = draw("text", attributes);
        element.textContent = content;
        picture.append(element);
      };
      const level = (value, at, label) => {
        picture.append(draw("line", { x1: 60, x2: wide - 10, y1: at, y2: at, class: "axis" }));
        text(label, { x: 54, y: at + 5, class: "soft", "text-anchor": "end" });
      };
      text("One sweep, in points from the best true accuracy", { x: 4, y: 14 });
      for (let k = Math.ceil(low / step - 1e-9); k * step <= top + 1e-9; k++) level(k * step, y(k * step), number(k * step));
      text(`How often each setting is chosen, in ${REPEATS.toLocaleString("en")} sweeps`, { x: 4, y: 206 });
      level(0, 290, "0 %");
      level(most, 220, `${(100 * most).toFixed(0)} %`);
      text("setting", { x: 4, y: 308, class: "soft" });
      truth.forEach((value, k) => {
        picture.append(draw("line", { x1: x(k) - half, x2: x(k) + half, y1: y(value), y2: y(value), class: "truth" }));
        picture.append(draw("circle", { cx: x(k), cy: y(seen[k]), r: 5, class: k === best ? "best" : "seen" }));
        picture.append(draw("rect", { x: x(k) - half, width: 2 * half, y: 290 - (70 * chosen[k]) / most, height: (70 * chosen[k]) / most, class: state.spread && k === state.settings - 1 ? "right" : "bar" }));
        if (apart > 18 || k % 2) text(String(k + 1), { x: x(k), y: 308, class: "soft", "text-anchor": "middle" });
      });
      sum.textContent =
        `This sweep chooses setting ${best + 1}${state.spread && best === state.settings - 1 ? ", the best one" : ""}; it looks ${points(seen[best] - truth[best])} than it is. ` +
        `In ${REPEATS.toLocaleString("en")} sweeps ${state.spread ? `the best setting is chosen in ${(100 * chosen.at(-1)).toFixed(0)} %` : "all settings are equally good, and one of them wins"}; ` +
        `on average the winner looks ${points(high)} than it is` + (state.spread ? `, and is ${lost.toFixed(2)} points worse than the best.` : ".");
      note.textContent = `Short lines: true accuracies. Dots: what a sweep shows; orange: the one that it chooses${state.spread ? ", and below the best setting" : ""}. Deviations are drawn from ${state.deviations.length} recorded runs (standard deviation ${model.get("deviation").toFixed(2)} points).`;
      say(sum.textContent);
    }
    return follow(model, TRAITS, redraw);
  },
};
