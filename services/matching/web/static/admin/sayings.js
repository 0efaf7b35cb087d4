// Administration: the words people use for motives, and those that say « appelez le 15 ».

import { call, get } from "/static/api.js";
import { plain } from "/static/combobox.js";
import { byId, h } from "/static/dom.js";
import { attemptIn } from "/static/form.js";
import { attempt, toast } from "/static/shell.js";
import { config, t } from "/static/page.js";

const MOST = 12;
const form = byId("saying");
const kinds = form.elements.kind;
let sayings = [];
let motives = [];

const meaning = ({ kind, means }) => (means === "" ? t("admin.words.silent") : kind === "alarm" ? means : motives.find((each) => each.code === means)?.label ?? means);

function draw() {
  const wanted = plain(byId("words-search").value);
  const found = sayings.filter((each) => plain(`${each.words} ${meaning(each)}`).includes(wanted));
  byId("words-count").textContent = t(found.length > MOST ? "admin.words.more" : "admin.words.found", { n: found.length, most: MOST });
  byId("words-rows").replaceChildren(...found.slice(0, MOST).map((each) => h("tr", {},
    h("th", { scope: "row" }, each.words),
    h("td", {}, each.kind === "alarm" ? h("strong", {}, t("admin.words.alarm"), " ") : null, meaning(each)),
    h("td", {}, h("button", { type: "button", class: "quiet", onclick: () => edit(each) }, t("admin.words.edit"), h("span", { class: "unseen" }, ` ${each.words}`)),
      each.ours ? h("button", { type: "button", class: "quiet", onclick: () => attempt(() => putBack(each)) }, t("admin.words.back"), h("span", { class: "unseen" }, ` ${each.words}`)) : null))));
}

function show() {
  const alarm = kinds.value === "alarm";
  form.elements.motive.closest(".field").hidden = alarm;
  form.elements.advice.closest(".field").hidden = !alarm;
}

function edit(each) {
  byId("saying-more").open = true;
  kinds.value = each.kind;
  form.elements.words.value = each.words;
  form.elements[each.kind === "alarm" ? "advice" : "motive"].value = each.means;
  show();
  form.elements[each.kind === "alarm" ? "advice" : "motive"].focus();
}

async function putBack({ kind, key }) {
  await call("matching", "DELETE", `/words?cpts=${config.cpts}&kind=${kind}&key=${encodeURIComponent(key)}`);
  await load();
}

async function load() {
  sayings = await get("matching", `/words?cpts=${config.cpts}`);
  draw();
}

byId("words-search").addEventListener("input", draw);
for (const each of form.querySelectorAll("[name=kind]")) each.addEventListener("change", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  attemptIn(form, async () => {
    const kind = kinds.value;
    const words = form.elements.words.value;
    const means = form.elements[kind === "alarm" ? "advice" : "motive"].value;
    await call("matching", "PUT", "/words", { cpts_id: config.cpts, kind, words, means });
    toast(t("admin.words.kept", { words }));
    form.elements.words.value = "";
    await load();
  });
});

attempt(async () => {
  motives = await get("matching", `/motives?cpts=${config.cpts}`);
  form.elements.motive.append(...motives.map((each) => new Option(each.label, each.code)), new Option(t("admin.words.silent"), ""));
  await load();
  show();
});
