/** Prices in words. */
import { element, text } from "./elements.js";
import { money, number, words } from "./format.js";

const CADENCES = { P1D: "a day", P1W: "a week", P1M: "a month", P3M: "a quarter", P6M: "half a year", P1Y: "a year" };

export const cadence = (iso) => CADENCES[iso] ?? `every ${iso}`;

/** Lines of text: one for a plain price, one a tier for a tiered one. */
export function priceWords(price, currency, every) {
  if (!price) return ["included"];
  const often = every ? ` ${cadence(every)}` : "";
  switch (price.type) {
    case "flat":
      return [`${money(price.amount, currency)}${every ? often : " once"}`];
    case "unit":
      return [`${money(price.amount, currency)} a unit`];
    case "tiered":
      return price.tiers.map((tier, index) => tierWords(tier, price.tiers[index - 1], currency));
    case "package":
      return [`${money(price.amount, currency)} for ${number(price.quantityPerPackage)}`];
    case "dynamic":
      return [price.multiplier ? `usage × ${number(price.multiplier)}` : "by usage"];
    default:
      return [words(price.type)];
  }
}

function tierWords(tier, before, currency) {
  const parts = [
    tier.unitPrice && `${money(tier.unitPrice.amount, currency)} a unit`,
    tier.flatPrice && `${money(tier.flatPrice.amount, currency)} flat`,
  ].filter(Boolean);
  const from = before ? `above ${number(before.upToAmount)}` : "";
  const to = tier.upToAmount ? `up to ${number(tier.upToAmount)}` : "";
  return [`${parts.join(" and ") || "free"}`, [from, to].filter(Boolean).join(", ")].filter(Boolean).join(" ");
}

export const priceList = (items, currency) =>
  element(
    "ul",
    { class: "prices" },
    ...items.map(({ name, price, billingCadence, currency: own }) => {
      const lines = priceWords(price, own ?? currency, billingCadence).map((line) => element("div", {}, line));
      return element("li", {}, text("span", name), element("div", { class: "price" }, ...lines));
    }),
  );
