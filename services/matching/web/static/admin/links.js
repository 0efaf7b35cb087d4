// Administration: how the links with other software are doing, each in one sentence.

import { get } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { attempt } from "/static/shell.js";
import { time } from "/static/format.js";
import { config, t } from "/static/page.js";

function source({ editor, stale, read_at: readAt, error }) {
  if (!stale) return readAt ? t("admin.links_fresh", { editor, time: time(readAt) }) : t("admin.links_never", { editor });
  return t("admin.links_stale", { editor, error, time: readAt ? time(readAt) : "–" });
}

function returns(waiting) {
  if (!waiting.length) return t("admin.links_told");
  const why = [...new Set(waiting.map((each) => each.error).filter(Boolean))].join(", ");
  return t("admin.links_waiting", { n: waiting.length, why: why || "–" });
}

await attempt(async () => {
  const [foreign, { waiting }] = await Promise.all([
    get("availability", `/foreign-slots?cpts=${config.cpts}`),
    get("availability", "/sas/returns"),
  ]);
  byId("links-list").replaceChildren(...[returns(waiting), ...foreign.sources.map(source)].map((text) => h("li", {}, text)));
});
