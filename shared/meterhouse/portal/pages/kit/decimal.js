/** Sums of decimals in text, digit by digit. */

const digitsOf = (decimal) => (decimal.split(".")[1] ?? "").length;
const scaled = (decimal, digits) => {
  const [whole, fraction = ""] = decimal.split(".");
  return BigInt(whole + fraction.padEnd(digits, "0"));
};

/** "0.1" and "0.2" are "0.3". */
export function sum(...decimals) {
  const digits = Math.max(0, ...decimals.map(digitsOf));
  const total = decimals.reduce((before, one) => before + scaled(one, digits), 0n);
  if (!digits) return String(total);
  const text = String(total < 0n ? -total : total).padStart(digits + 1, "0");
  const made = `${text.slice(0, -digits)}.${text.slice(-digits)}`.replace(/\.?0+$/, "");
  return total < 0n ? `-${made}` : made;
}
