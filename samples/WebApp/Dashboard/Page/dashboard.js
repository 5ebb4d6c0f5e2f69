// The cards of the page: what each shows of a sample, and how it is kept up to date.

import { draw } from "./chart.js";
import * as formats from "./formats.js";
import { History, listen } from "./samples.js";

const loopCount = Number(document.body.dataset.loops);
const colours = 6;

// More lines than a legend has room for are drawn, and their mean is told.
const legendMax = 4;

const mean = (values) => values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;

const loopSeries = Array.from({ length: loopCount }, (_, i) => ({
  label: `Loop ${i}`,
  colour: `--series-${1 + i % colours}`,
  of: ({ loops }) => loops[i],
}));

const one = (of, colour = "--series-1") => [{ of, colour }];

const everywhere = [
  {
    title: "Requests", unit: "per second", format: formats.count,
    value: ({ requests }) => requests,
    series: one(({ requests }) => requests),
  },
  {
    title: "Latency", unit: "in the application, median", format: formats.duration, logarithmic: true,
    value: ({ latencyP50 }) => latencyP50,
    series: [
      { label: "p50", colour: "--series-1", of: ({ latencyP50 }) => latencyP50 },
      { label: "p99", colour: "--series-2", of: ({ latencyP99 }) => latencyP99 },
    ],
  },
  {
    title: "Connections", unit: "open", format: formats.count,
    value: ({ connections }) => connections,
    series: one(({ connections }) => connections, "--series-3"),
  },
];

const onLoops = [
  {
    title: "Loop utilisation", unit: "of the time in handlers, mean", format: formats.percent, max: 100,
    value: ({ loops }) => mean(loops),
    series: loopSeries,
  },
  {
    title: "Hand-overs", unit: "per second", format: formats.rate,
    value: ({ handOvers }) => handOvers,
    series: one(({ handOvers }) => handOvers, "--series-4"),
  },
  {
    title: "Throughput", unit: "per second, both ways", format: formats.bytes,
    value: ({ received, sent }) => received === null ? null : received + sent,
    series: [
      { label: "received", colour: "--series-6", of: ({ received }) => received },
      { label: "sent", colour: "--series-5", of: ({ sent }) => sent },
    ],
  },
];

const history = new History();
const cards = (loopCount > 0 ? [...everywhere, ...onLoops] : everywhere).map(addCard);
listen(show, setState);

function show(sample) {
  history.add(sample);
  cards.forEach((update) => update(sample));
}

function setState(state, text) {
  const element = document.getElementById("state");
  element.dataset.state = state;
  element.textContent = text;
}

/** Puts a card on the page; returns a function that shows a sample in it. */
function addCard(card) {
  const root = document.getElementById("card").content.cloneNode(true).firstElementChild;
  const [heading, value, chart] = [".title", ".value", ".chart"].map((selector) => root.querySelector(selector));
  const id = card.title.toLowerCase().replace(" ", "-");
  root.id = id;
  heading.id = `${id}-title`;
  heading.textContent = card.title;
  root.setAttribute("aria-labelledby", heading.id);
  root.querySelector(".unit").textContent = card.unit;
  const tell = addLegend(root.querySelector(".legend"), card);
  document.getElementById("cards").append(root);

  const update = draw(chart, card);
  update(history.columns(card.series));
  return (sample) => {
    const text = format(card, card.value(sample));
    value.textContent = text;
    chart.setAttribute("aria-label", `${card.title} over the last two minutes, now ${text} ${card.unit}`);
    tell(sample);
    update(history.columns(card.series));
  };
}

function addLegend(list, { series, format: formatValue }) {
  if (series.length === 1 || series.length > legendMax) {
    return () => {};
  }

  const values = series.map(({ label, colour }) => {
    const item = list.appendChild(document.createElement("li"));
    const swatch = item.appendChild(document.createElement("span"));
    swatch.className = "swatch";
    swatch.style.background = `var(${colour})`;
    item.append(`${label} `);
    return item.appendChild(document.createElement("b"));
  });
  return (sample) => values.forEach((value, i) => {
    value.textContent = format({ format: formatValue }, series[i].of(sample));
  });
}

function format({ format: formatValue }, value) {
  return value === null || value === undefined ? formats.nothing : formatValue(value);
}
