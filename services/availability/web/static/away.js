// What is refused because the practitioner is absent, or their agenda busy, is asked once: they may mean it.

import { post } from "/static/api.js";
import { h } from "/static/dom.js";
import { ask } from "/static/shell.js";
import { t } from "/static/page.js";

/** What the service answers; null when the person would rather not. */
export async function unlessAway(path, body = {}) {
  try {
    return await post("availability", path, body);
  } catch (error) {
    if (error.code !== "practitioner_away") throw error;
    const answer = await ask(t("slots.away_title"), h("p", {}, error.message), [
      { value: "yes", text: t("slots.away_do"), kind: "grave" }, { value: "", text: t("common.back"), kind: "quiet" },
    ]);
    return answer ? post("availability", path, { ...body, despite_absence: true }) : null;
  }
}
