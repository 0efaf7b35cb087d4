// The page of preferences: where it is, and whether the connection stands.

import { byId } from "/static/dom.js";
import { config } from "/static/page.js";
import { follow } from "/static/shell.js";

const live = follow("availability", () => {
  byId("territory").textContent = live.state.cpts?.[config.cpts]?.name ?? "";
});
