/** Numbers and instants as people read them. Amounts are decimals in text and stay text: Intl takes them digit by digit. */

const LOCALE = undefined;
const MOST_DIGITS = 20;

/** A decimal in text, grouped: "1234567.5" is "1,234,567.5". */
export const number = (decimal, most = MOST_DIGITS) =>
  new Intl.NumberFormat(LOCALE, { maximumFractionDigits: most }).format(decimal);

/** An amount of money; digits beyond the currency's own are shown, none is rounded away. */
export function money(decimal, currency) {
  try {
    const own = new Intl.NumberFormat(LOCALE, { style: "currency", currency }).resolvedOptions();
    const digits = { minimumFractionDigits: own.minimumFractionDigits, maximumFractionDigits: MOST_DIGITS };
    return new Intl.NumberFormat(LOCALE, { style: "currency", currency, ...digits }).format(decimal);
  } catch {
    return `${number(decimal)} ${currency}`;
  }
}

/** Percent of a whole, for a bar; the digits that count stand in the text beside it. */
export const share = (part, whole) => (Number(whole) > 0 ? Math.min(100, (100 * Number(part)) / Number(whole)) : 0);

export const day = (instant) =>
  new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(instant));

export const moment = (instant) =>
  `${new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }).format(new Date(instant))} UTC`;

/** A half-open period by its days: the last one is the day before its end where it ends at midnight. */
export function period(from, to) {
  const end = new Date(to);
  return `${day(from)} – ${day(end.getTime() % 86_400_000 === 0 ? end.getTime() - 1 : end)}`;
}

/** "in_arrears" is "In arrears". */
export const words = (name) => {
  const spaced = String(name).replace(/[_.-]+/g, " ").trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

export const isZero = (decimal) => /^-?0*\.?0*$/.test(decimal);
export const isNegative = (decimal) => decimal.startsWith("-") && !isZero(decimal);
