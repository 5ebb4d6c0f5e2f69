// Numbers as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const nothing = "–";

/** A count: every digit while there are few of them. */
export const count = (value) => value < 100_000 ? whole.format(value) : short.format(value);

/** A rate of rare events, which may be less than one. */
export const rate = (value) => value < 10 ? exact.format(value) : whole.format(value);

/** A number beside a tick: 1.2K. */
export const tick = (value) => short.format(value);

export const percent = (value) => `${whole.format(value)}%`;

/** Milliseconds, in the unit that suits them. */
export function duration(value) {
  const [scaled, unit] = value < 1 ? [value * 1000, "µs"] : value < 1000 ? [value, "ms"] : [value / 1000, "s"];
  return `${exact.format(scaled)} ${unit}`;
}

/** Bytes with their unit. */
export function bytes(value) {
  const units = ["B", "kB", "MB", "GB"];
  let i = 0;
  while (value >= 1000 && i < units.length - 1) {
    value /= 1000;
    i++;
  }

  return `${exact.format(value)} ${units[i]}`;
}
