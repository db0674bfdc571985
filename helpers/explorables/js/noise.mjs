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

// Over many sweeps: how often the truly best setting is chosen, and how much too high its accuracy looks.
export function luck({ settings, runs, spread, deviations }, repeats = REPEATS, seed = 1) {
  const random = generator(seed), truth = truths(settings, spread), chosen = Array(settings).fill(0);
  let high = 0, lost = 0;
  for (let k = 0; k < repeats; k++) {
    const seen = sweep(truth, deviations, runs, random), best = seen.indexOf(Math.max(...seen));
    chosen[best]++;
    high += (seen[best] - truth[best]) / repeats;
    lost += -truth[best] / repeats;
  }
  return { chosen: chosen.map((count) => count / repeats), high, lost };
}

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
      control("true difference, worst to best", "spread", { min: 0, max: 2, step: 0.1, unit: " points" }),
    ]);
    const picture = draw("svg", { viewBox: "0 0 640 240", role: "img", class: "xp-plot" });
    const sum = h("p", { class: "xp-sum" }), note = h("p", { class: "xp-title" });
    const { say } = frame(
      el, model, "Choosing with noise",
      h("div", { class: "xp-row" }, ...Object.values(sliders)),
      h("div", { class: "xp-row" }, button("Draw a new sweep", () => { seed += 1; redraw(); })),
      picture, sum, note,
    );
    let seed = 1;

    function redraw() {
      const state = { ...Object.fromEntries(TRAITS.map((name) => [name, model.get(name)])), deviations: model.get("deviations") };
      Object.entries(sliders).forEach(([name, slider]) => slider.set(state[name]));
      const truth = truths(state.settings, state.spread);
      const seen = sweep(truth, state.deviations, state.runs, generator(seed));
      const best = seen.indexOf(Math.max(...seen)), { chosen, high, lost } = luck(state);
      const low = Math.min(...seen, ...truth) - 0.1, top = Math.max(...seen, ...truth) + 0.1;
      const x = (k) => 50 + (580 * (k + 0.5)) / state.settings, y = (value) => 20 + (150 * (top - value)) / (top - low);
      picture.replaceChildren();
      picture.setAttribute("aria-label", `Accuracies of ${state.settings} settings; the highest is that of setting ${best + 1}`);
      const text = (content, attributes) => {
        const element = draw("text", attributes);
        element.textContent = content;
        picture.append(element);
      };
      text("above: one sweep", { x: 4, y: 12, class: "soft" });
      text(`below: how often each setting is chosen, in ${REPEATS} sweeps`, { x: 4, y: 190, class: "soft" });
      truth.forEach((value, k) => {
        picture.append(draw("line", { x1: x(k) - 9, x2: x(k) + 9, y1: y(value), y2: y(value), class: "truth" }));
        picture.append(draw("circle", { cx: x(k), cy: y(seen[k]), r: 5, class: k === best ? "best" : "seen" }));
        picture.append(draw("rect", { x: x(k) - 9, width: 18, y: 236 - 40 * chosen[k], height: Math.max(0.5, 40 * chosen[k]), class: k === state.settings - 1 ? "right" : "bar" }));
      });
      sum.textContent =
        `This sweep chooses setting ${best + 1}${best === state.settings - 1 ? ", the best one" : ""}; it looks ${number(seen[best] - truth[best])} points better than it is. ` +
        `In ${REPEATS} sweeps ${state.spread ? `the best setting is chosen in ${(100 * chosen.at(-1)).toFixed(0)} %` : "all settings are equally good, and one of them wins"}; ` +
        `on average the winner looks ${high.toFixed(2)} points better than it is, and is ${lost.toFixed(2)} points worse than the best.`;
      note.textContent = `Lines: true accuracies. Dots: what a sweep shows, with deviations drawn from ${state.deviations.length} recorded runs (standard deviation ${model.get("deviation").toFixed(2)} points).`;
      say(sum.textContent);
    }
    return follow(model, TRAITS, redraw);
  },
};
