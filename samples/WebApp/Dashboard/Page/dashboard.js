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

const percentiles = (of) => [
  { label: "p50", colour: "--series-1", of: (sample) => of(sample)?.p50 },
  { label: "p99", colour: "--series-2", of: (sample) => of(sample)?.p99 },
];

const everywhere = [
  {
    title: "Requests", unit: "per second", format: formats.count,
    value: ({ requests }) => requests,
    series: one(({ requests }) => requests),
  },
  {
    title: "Handler time", unit: "in the application, median", format: formats.duration, logarithmic: true,
    value: ({ handlerTime }) => handlerTime?.p50,
    series: percentiles(({ handlerTime }) => handlerTime),
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
    title: "Queue delay", unit: "until a handler begins, median", format: formats.duration, logarithmic: true,
    value: ({ queueDelay }) => queueDelay?.p50,
    series: percentiles(({ queueDelay }) => queueDelay),
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
  {
    title: "Round trip", unit: "of ended connections, median", format: formats.duration, logarithmic: true,
    value: ({ roundTrip }) => roundTrip?.p50,
    series: percentiles(({ roundTrip }) => roundTrip),
    legendOnly: [{ label: "sent again/s", format: formats.rate, of: ({ retransmits }) => retransmits }],
  },
  {
    title: "Delivery rate", unit: "per second, at the end, median", format: formats.bytes, logarithmic: true,
    value: ({ deliveryRate }) => deliveryRate?.p50,
    series: percentiles(({ deliveryRate }) => deliveryRate),
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

function addLegend(list, { series, legendOnly = [], format: formatValue }) {
  if (series.length === 1 || series.length > legendMax) {
    return () => {};
  }

  const entries = [...series, ...legendOnly].map(({ label, colour, of, format: ownFormat = formatValue }) => {
    const item = list.appendChild(document.createElement("li"));
    if (colour) {
      const swatch = item.appendChild(document.createElement("span"));
      swatch.className = "swatch";
      swatch.style.background = `var(${colour})`;
    }

    item.append(`${label} `);
    const value = item.appendChild(document.createElement("b"));
    return (sample) => {
      value.textContent = format({ format: ownFormat }, of(sample));
    };
  });
  return (sample) => entries.forEach((tell) => tell(sample));
}

function format({ format: formatValue }, value) {
  return value === null || value === undefined ? formats.nothing : formatValue(value);
}
