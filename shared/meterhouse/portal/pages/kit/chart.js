/**
 * Charts over time: bars (stacked) or lines on uPlot's canvas, readable by keyboard, and the same numbers as a table.
 * Heights are doubles, since pixels are; what is read out and what the table shows is the exact text.
 */
import uPlot from "../node_modules/uplot/dist/uPlot.esm.js";
import { number } from "./format.js";
import { element, text } from "./elements.js";
import { table } from "./table.js";

const HEIGHT = 260;
const COLOURS = 6;
const DAY = 86_400;

/**
 * `at` are instants (ISO) in order, `series` are { label, values } with decimals in text, null where there is none;
 * `when(instant)` words an instant, `unit` stands behind numbers. `line` draws lines (stepped), else bars are stacked.
 */
export function chart({ title, at, series, when, unit = "", line = false, write = number }) {
  const plotted = element("div", { class: "plot", role: "img", tabindex: "0", "aria-label": `${title}. Arrow keys read it out.` });
  const reading = element("p", { class: "reading", "aria-live": "polite" }, `${at.length} points. Point at the chart, or use the arrow keys.`);
  const keys = element("ul", { class: "keys" });
  const say = (index) => {
    const parts = series.filter(({ values }) => values[index] !== null).map(({ label, values }) => `${label} ${write(values[index])}`);
    reading.textContent = `${when(at[index])}: ${parts.join(", ") || "nothing"}${unit && parts.length ? ` ${unit}` : ""}`;
  };
  const numbers = element("details", {}, text("summary", "Show as a table"), numbersTable({ title, at, series, when, unit, write }));
  const holder = element("figure", { class: "chart stack" }, plotted, keys, reading, numbers);
  new Drawing(plotted, keys, { at, series, line, say }).begin();
  return holder;
}

function numbersTable({ title, at, series, when, unit, write }) {
  const columns = series.map(({ label, values }) => ({
    label: unit ? `${label} (${unit})` : label,
    number: true,
    cell: (index) => (values[index] === null ? "–" : write(values[index])),
  }));
  const rows = at.map((_, index) => index);
  return table({ caption: title, columns: [{ label: "Time", cell: (index) => when(at[index]) }, ...columns], rows, folds: false, tall: true });
}

class Drawing {
  constructor(holder, keys, { at, series, line, say }) {
    Object.assign(this, { holder, keys, at, series, line, say, plot: null, index: at.length - 1 });
    this.seconds = at.map((instant) => new Date(instant).getTime() / 1000);
  }

  /** Draws once it has a width, and anew when width or scheme change, until it left the page. */
  begin() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const scheme = () => this.redraw();
    const sizes = new ResizeObserver(([{ contentRect }]) => {
      if (!this.holder.isConnected) {
        sizes.disconnect();
        dark.removeEventListener("change", scheme);
        this.plot?.destroy();
        this.plot = null;
      } else if (!this.plot) this.redraw();
      else if (contentRect.width !== this.plot.width) this.plot.setSize({ width: contentRect.width, height: HEIGHT });
    });
    dark.addEventListener("change", scheme);
    sizes.observe(this.holder);
    this.holder.addEventListener("keydown", (event) => this.step(event));
  }

  redraw() {
    this.plot?.destroy();
    const colours = this.series.map((_, index) => colour(this.holder, `--series-${(index % COLOURS) + 1}`));
    this.keys.replaceChildren(...this.series.map(({ label }, index) => key(label, colours[index])));
    this.plot = new uPlot(this.options(colours), [this.seconds, ...this.heights()], this.holder);
  }

  /** Stacked bars overlap: the tallest is drawn first, so that each shows what it adds. */
  heights() {
    const plain = this.series.map(({ values }) => values.map((value) => (value === null ? null : Number(value))));
    if (this.line) return plain;
    const sums = this.at.map(() => 0);
    return plain.map((values) => values.map((value, index) => (sums[index] += value ?? 0))).reverse();
  }

  options(colours) {
    const [grid, ink] = [colour(this.holder, "--line"), colour(this.holder, "--muted")];
    const font = `12px ${getComputedStyle(this.holder).fontFamily}`;
    const axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    const bars = uPlot.paths.bars({ size: [0.7, 64], radius: 0.08 });
    const stepped = uPlot.paths.stepped({ align: 1 });
    const drawn = colours.map((tint) =>
      this.line
        ? { stroke: tint, width: 2, paths: stepped, points: { show: this.at.length === 1 } }
        : { stroke: tint, fill: tint, width: 0, paths: bars, points: { show: false } },
    );
    return {
      width: this.holder.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { drag: { x: false, y: false }, points: { show: this.line }, y: false },
      hooks: { setCursor: [({ cursor }) => Number.isInteger(cursor.idx) && this.read(cursor.idx)] },
      scales: { x: { range: (_plot, low, high) => this.span(low, high) }, y: { range: (_plot, low, high) => [Math.min(0, low ?? 0), top(high)] } },
      axes: [{ ...axis, space: 64, ...this.steps() }, { ...axis, size: 64, values: (_plot, ticks) => ticks.map(short) }],
      series: [{}, ...(this.line ? drawn : drawn.reverse())],
    };
  }

  /** No label between two windows: none says "12 pm" where a window is a day. */
  steps() {
    const gap = this.seconds.length > 1 ? this.seconds[1] - this.seconds[0] : 0;
    return gap > 0 && gap <= DAY ? { incrs: [1, 2, 3, 4, 6, 7, 12, 14, 24].map((count) => count * gap) } : {};
  }

  /** Half a bar of room at both ends. */
  span(low, high) {
    const gap = this.seconds.length > 1 ? this.seconds[1] - this.seconds[0] : 3600;
    return this.line && this.seconds.length > 1 ? [low, high] : [low - gap / 2, high + gap / 2];
  }

  read(index) {
    if (index === this.index && this.told) return;
    this.told = true;
    this.index = index;
    this.say(index);
  }

  step(event) {
    const to = { ArrowLeft: this.index - 1, ArrowRight: this.index + 1, Home: 0, End: this.at.length - 1 }[event.key];
    if (to === undefined || !this.plot) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(this.at.length - 1, to));
    this.plot.setCursor({ left: this.plot.valToPos(this.seconds[index], "x"), top: HEIGHT / 2 }, false);
    this.told = false;
    this.read(index);
  }
}

const top = (high) => (high > 0 ? high * 1.08 : 1);

const short = (value) => new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2 }).format(value);

function key(label, tint) {
  const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = tint;
  return element("li", {}, swatch, label);
}

/** What a token is in the scheme that rules: a canvas knows no custom properties. */
function colour(near, token) {
  const probe = element("span", { hidden: true });
  probe.style.color = `var(${token})`;
  near.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
