import { element, text } from "../kit/elements.js";
import { applyTheme, takeCredential } from "../kit/session.js";

applyTheme();
const token = takeCredential("token", "meterhouse.portal");
const words = token ? "Signed in." : "Open this page with the link you were given: it carries a token.";
document.getElementById("content").append(element("section", { class: "card" }, text("h1", "Usage and billing"), text("p", words)));
