// A P1 to act on is told even to who looks elsewhere: in the title of the tab, and by a sound if one wants it.

import { byId } from "/static/dom.js";
import { announce } from "/static/shell.js";
import { t } from "/static/page.js";
import { act } from "/static/matching/board/standing.js";

const KEPT = "aiguillage_board_sound";
const plain = document.title;
let known = null;
let sound = localStorage.getItem(KEPT) === "on";
let speaker = null;

/** Two short notes. A browser lets a page sound once somebody has pressed something on it. */
function ring() {
  speaker ??= new AudioContext();
  for (const [at, pitch] of [[0, 660], [.22, 880]]) {
    const [note, volume] = [speaker.createOscillator(), speaker.createGain()];
    note.frequency.value = pitch;
    volume.gain.value = .15;
    note.connect(volume).connect(speaker.destination);
    note.start(speaker.currentTime + at);
    note.stop(speaker.currentTime + at + .16);
  }
}

export function watch(requests, context) {
  if (!context.acts) return;
  const yours = requests.filter((each) => act(each, context));
  const urgent = yours.filter((each) => each.urgency === 1).map((each) => each.id);
  document.title = yours.length ? `(${yours.length}${urgent.length ? ` · ${t("board.title_p1", { n: urgent.length })}` : ""}) ${plain}` : plain;
  const fresh = known && urgent.filter((id) => !known.has(id));
  known = new Set(urgent);
  if (!fresh?.length) return;
  announce(t("board.alert", { n: fresh.length }));
  if (sound) ring();
}

const button = byId("sound");
function show() {
  button?.setAttribute("aria-pressed", sound);
}
button?.addEventListener("click", () => {
  sound = !sound;
  localStorage.setItem(KEPT, sound ? "on" : "off");
  show();
  if (sound) ring();
});
show();
