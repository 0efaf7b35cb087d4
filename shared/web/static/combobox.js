// A text field that proposes as one types (the ARIA combobox pattern, list autocomplete, manual choice).

import { h } from "/static/dom.js";
import { announce } from "/static/shell.js";
import { t } from "/static/page.js";

/** A text to compare: without accents, capitals or signs between words. */
export const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("œ", "oe")
  .replace(/[^\p{L}\p{N}]+/gu, " ").replace(/\bst(e?) /g, "saint$1 ").trim();

/**
 * `find(text)` answers (a promise of) options `{value, text, note}`; `onChoose(option | null)` follows a choice, or
 * the text being changed afterwards. A first option is always ready: Enter takes it. `browse`: an arrow key in an empty
 * field shows what there is.
 */
export function combobox(input, { find, onChoose, least = 1, browse = false }) {
  const list = h("ul", { role: "listbox", id: `${input.id}-list`, "aria-label": t("common.suggestions"), hidden: true });
  input.after(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false", autocomplete: "off",
  })) input.setAttribute(name, value);
  let options = [];
  let active = -1;
  let asked = 0;
  let chosen = null;

  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (index) => {
    active = index;
    [...list.children].forEach((child, at) => child.setAttribute("aria-selected", at === index));
    if (index < 0) return;
    input.setAttribute("aria-activedescendant", list.children[index].id);
    list.children[index].scrollIntoView({ block: "nearest" });
  };
  const choose = (option) => {
    asked += 1;
    chosen = option;
    input.value = option.text;
    input.setAttribute("aria-invalid", "false");
    close();
    onChoose(option);
  };
  // What no longer begins as typed leaves at once: Enter never takes a suggestion of the text before.
  const narrow = () => {
    const typed = plain(input.value);
    const kept = options.filter((option) => typed && plain(option.text).startsWith(typed));
    if (kept.length < options.length) show(kept, { quietly: true });
  };
  const show = (found, { quietly = false } = {}) => {
    options = found;
    list.replaceChildren(...found.map((option, index) => h("li", {
      role: "option", id: `${input.id}-${index}`, "aria-selected": "false",
      onmousedown: (event) => event.preventDefault(),
      onclick: () => choose(option),
    }, option.text, option.note ? h("small", {}, option.note) : null)));
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    mark(found.length ? 0 : -1);
    if (!found.length) input.removeAttribute("aria-activedescendant");
    if (!quietly) announce(t("common.suggestions_count", { n: found.length }));
  };
  const ask = async (all = false) => {
    const ticket = ++asked;
    const text = input.value.trim();
    if (text.length < least && !all) {
      options = [];
      return close();
    }
    const found = await find(text);
    if (ticket === asked) show(found);
  };

  input.addEventListener("input", () => {
    chosen = null;
    onChoose(null);
    narrow();
    ask();
  });
  input.addEventListener("blur", () => {
    asked += 1;
    close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      return close();
    }
    const open = !list.hidden && options.length > 0;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return ask(browse);
      const step = event.key === "ArrowDown" ? 1 : -1;
      return mark((active + step + options.length) % options.length);
    }
    if ((event.key === "Enter" || event.key === "Tab") && open && active >= 0) {
      if (event.key === "Enter") event.preventDefault();
      choose(options[active]);
    }
  });
  const clear = () => {
    chosen = null;
    options = [];
    input.value = "";
    close();
  };
  return { set: choose, clear, chosen: () => chosen, open: () => ask(browse) };
}
