import { byId } from "/static/dom.js";
import { wireSignIn } from "/static/people/signin.js";

const entrance = byId("main").querySelector("[data-onward]");
wireSignIn(entrance, () => location.assign(entrance.dataset.onward));
