// A chart in the colours of the page, as wide as its place.

import * as formats from "./formats.js";

const { uPlot } = globalThis;

// The canvas knows no variables: each is looked up as it is drawn.
const colour = (name) => () => resolve(name);

const probe = document.body.appendChild(document.createElement("i"));
probe.hidden = true;

function resolve(name, alpha = 1) {
  probe.style.color = `color-mix(in srgb, var(${name}) ${100 * alpha}%, transparent)`;
  return getComputedStyle(probe).color;
}

const font = "12px system-ui, sans-serif";
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** Draws series, each with the name of its colour, in an element; returns a function that takes new columns. */
export function draw(element, { series, format = formats.tick, max, logarithmic = false, filled = true }) {
  const plot = new uPlot({
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [8, 4, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { time: true }, y: scale(max, logarithmic) },
    axes: [timeAxis(), valueAxis(format, logarithmic)],
    series: [{}, ...series.map((line) => ({
      stroke: colour(line.colour),
      fill: filled && series.length === 1 ? () => resolve(line.colour, 0.16) : undefined,
      width: 2,
      points: { show: false },
    }))],
  }, [[], ...series.map(() => [])], element);

  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: element.clientHeight })).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
  return (columns) => plot.setData(columns);
}

function scale(max, logarithmic) {
  if (logarithmic) {
    return { distr: 3, range: (_, from, to) => [10 ** Math.floor(Math.log10(from ?? 0.1)), decadeAbove(to ?? 1)] };
  }

  // From zero with room above, and never so narrow that a single event fills the chart.
  return { range: (_, from, to) => [0, max ?? 1.15 * Math.max(to ?? 0, 4)] };
}

const decadeAbove = (value) => 10 ** (Math.floor(Math.log10(value)) + 1);

function decades(from, to) {
  const begin = Math.round(Math.log10(from));
  return Array.from({ length: Math.round(Math.log10(to)) - begin + 1 }, (_, i) => 10 ** (begin + i));
}

const timeAxis = () => ({
  stroke: colour("--muted"),
  font,
  size: 28,
  space: 84,
  grid: { show: false },
  ticks: { show: false },
  values: (_, ticks) => ticks.map((time) => clock.format(time * 1000)),
});

const valueAxis = (format, logarithmic) => ({
  stroke: colour("--muted"),
  font,
  size: 56,
  space: 32,
  grid: { stroke: colour("--grid"), width: 1 },
  ticks: { show: false },
  splits: logarithmic ? (_, _axis, from, to) => decades(from, to) : undefined,
  filter: logarithmic ? (_, ticks) => ticks : undefined,
  values: (_, ticks) => ticks.map(format),
});
