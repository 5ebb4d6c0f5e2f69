// The samples of the last two minutes, and where they come from.

const seconds = 120;

/** The last samples, oldest first. Times before the first one hold nothing, so that a chart's width means the same. */
export class History {
  #samples = [];

  add(sample) {
    if (this.#samples.length === 0) {
      this.#fill(sample);
    }

    this.#samples.push(sample);
    while (this.#samples[0].time < sample.time - seconds) {
      this.#samples.shift();
    }
  }

  /** One column for the times and one for each of the series, as uPlot takes them. */
  columns(series) {
    const values = series.map(({ of }) => this.#samples.map((sample) => of(sample) ?? null));
    return [this.#samples.map(({ time }) => time), ...values];
  }

  #fill({ time }) {
    for (let ago = seconds; ago > 0; ago--) {
      this.#samples.push({ time: time - ago, loops: [] });
    }
  }
}

/** Listens while the page is visible, so that the server measures only for those who look. */
export function listen(onSample, onState) {
  let source = null;

  const follow = () => {
    if (document.hidden) {
      source?.close();
      source = null;
      return;
    }

    source ??= open();
  };

  const open = () => {
    const opened = new EventSource("/dashboard/samples");
    opened.onopen = () => onState("live", "Live");
    opened.onerror = () => onState("reconnecting", "Reconnecting");
    opened.onmessage = ({ data }) => onSample(JSON.parse(data));
    return opened;
  };

  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => source?.close());
  follow();
}
