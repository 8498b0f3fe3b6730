/** What everybody does now, large, with the likeliest labels as bars. */

import type { PersonAction } from "@posewire/client";

import { readable, saidOf } from "../saying";
import { byId, made } from "./element";

const EVERY_MS = 120;

export class Now {
  readonly #list = byId("people");
  readonly #nobody = byId("nobody");
  readonly #cards = new Map<number, Card>();
  #dueMs = 0;

  /** Shows an answer; numbers change a few times a second, names at once. */
  show(people: readonly PersonAction[], taught: ReadonlySet<string>, nowMs: number): void {
    const renamed = people.some((person) => this.#cards.get(person.id)?.label !== keyOf(person));
    if (!renamed && people.length === this.#cards.size && nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + EVERY_MS;
    for (const [id, card] of this.#cards) {
      if (people.some((person) => person.id === id)) continue;
      card.root.remove();
      this.#cards.delete(id);
    }
    people.forEach((person, place) => {
      const card = this.#cards.get(person.id) ?? this.#add(person.id);
      card.show(person, people.length > 1 ? `Person ${place + 1}` : "Now", taught);
    });
    this.#nobody.textContent = "Nobody is in the picture";
    this.#nobody.hidden = people.length > 0;
  }

  /** @param why nothing is said of anybody. */
  clear(why: string): void {
    this.#nobody.textContent = why;
    this.#list.replaceChildren();
    this.#cards.clear();
    this.#nobody.hidden = false;
  }

  #add(id: number): Card {
    const card = new Card();
    this.#cards.set(id, card);
    this.#list.append(card.root);
    return card;
  }
}

const keyOf = (person: PersonAction): string => `${person.label} ${person.known}`;

class Card {
  readonly root = made("li", "person");
  readonly #who = made("p", "eyebrow");
  readonly #title = made("p", "action");
  readonly #percent = made("span", "percent");
  readonly #detail = made("p", "detail");
  readonly #bars = made("ul", "bars");
  label = "";

  constructor() {
    const head = made("div", "headline");
    head.append(this.#title, this.#percent);
    this.#bars.setAttribute("aria-label", "Likeliest labels");
    this.root.append(this.#who, head, this.#detail, this.#bars);
  }

  show(person: PersonAction, who: string, taught: ReadonlySet<string>): void {
    const said = saidOf(person);
    this.label = keyOf(person);
    this.root.dataset["kind"] = said.kind;
    this.#who.textContent = taught.has(person.label) ? `${who} · taught by you` : who;
    this.#title.textContent = said.title;
    this.#percent.textContent = said.certainty === null ? "" : `${Math.round(said.certainty * 100)} %`;
    this.#detail.textContent = said.detail;
    this.#detail.hidden = said.detail === "";
    this.#bars.hidden = said.kind === "warming";
    this.#showBars(person.top);
  }

  #showBars(top: PersonAction["top"]): void {
    while (this.#bars.children.length < top.length) this.#bars.append(bar());
    while (this.#bars.children.length > top.length) this.#bars.lastElementChild?.remove();
    top.forEach(([label, score], place) => {
      const row = this.#bars.children[place] as HTMLElement;
      const [name, track, percent] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
      name.textContent = readable(label);
      (track.firstElementChild as HTMLElement).style.transform = `scaleX(${score.toFixed(3)})`;
      percent.textContent = `${Math.round(score * 100)} %`;
    });
  }
}

function bar(): HTMLElement {
  const row = made("li");
  const track = made("span", "track");
  track.append(made("span", "fill"));
  row.append(made("span", "name"), track, made("span", "share"));
  return row;
}
