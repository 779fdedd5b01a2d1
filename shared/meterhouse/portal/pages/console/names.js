/** Names of customers by id, each asked for once. */
import { path } from "../kit/api.js";
import { element } from "../kit/elements.js";

export class Names {
  constructor(api) {
    this.api = api;
    this.known = new Map();
  }

  /** A link to the customer that shows the id until the name is there. */
  link(id) {
    const link = element("a", { href: `#/customers/${encodeURIComponent(id)}` }, id);
    if (!this.known.has(id)) this.known.set(id, this.api.get(path("api", "v1", "customers", id)).then(({ name }) => name, () => id));
    this.known.get(id).then((name) => (link.textContent = name));
    return link;
  }
}
