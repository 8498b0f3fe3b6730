/** Leads through a lesson: the form, the count-down over the picture, what was captured. */

import type { Client, Taught } from "@posewire/client";

import type { Run, Seen } from "../run";
import { byId } from "../views/element";
import { drawStrip } from "./strip";
import { Lesson, type Span, type Step } from "./lesson";

export interface LessonHooks {
  readonly announce: (text: string) => void;
  readonly hinder: (text: string | null) => void;
  readonly taught: () => void;
}

/** How long the server may take to have seen and learnt a span. */
const PATIENCE_MS = 6000;
const STRIP = 7;
/** Said of a span that the server has nothing of. */
const LOST = "you were not seen for the whole of it. Stay in the picture, and try once more";

export class LessonView {
  readonly #form = byId<HTMLFormElement>("teach");
  readonly #overlay = byId("lesson");
  readonly #big = byId("lesson-big");
  readonly #small = byId("lesson-small");
  readonly #result = byId("captured");
  readonly #said = byId("captured-said");
  #run: Run | null = null;
  #lesson: Lesson | null = null;
  #person: number | undefined;
  #seen: Seen[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #announced = "";

  constructor(private readonly hooks: LessonHooks) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#begin();
    });
    byId("lesson-stop").addEventListener("click", () => this.#end("Stopped. Nothing more was learnt."));
  }

  /** Whether somebody teaches now. */
  get running(): boolean {
    return this.#lesson !== null;
  }

  /** Teaches from this source from now on. */
  follow(run: Run): void {
    this.#end(null);
    this.#run = run;
    run.client.on("taught", (taught) => this.#taught(taught));
    run.client.on("error", ({ code, message }) => {
      if (this.#lesson !== null) this.#end(`Not learnt: ${code === "bad-span" ? LOST : message}.`);
    });
  }

  /** Who was seen; the largest person is the one who teaches. */
  see(seen: Seen): void {
    const run = this.#run;
    if (this.#lesson === null || run === null) return;
    if (this.#lesson.at(run.nowMs).kind === "perform") this.#seen.push(seen);
  }

  /** The ids of the people in the order in which they were seen. */
  identify(tMs: number, ids: readonly number[]): void {
    const seen = this.#run?.seenAt(tMs);
    if (this.#lesson === null || seen === undefined) return;
    const sizes = seen.people.map(extent);
    this.#person = ids[sizes.indexOf(Math.max(...sizes))];
  }

  #begin(): void {
    const run = this.#run;
    const label = byId<HTMLInputElement>("teach-label").value.trim();
    if (run === null || label === "") return;
    if (run.client.state.kind !== "open") {
      this.hooks.hinder("Teaching needs a stream. Choose a source first, and wait until it is live.");
      return;
    }
    this.hooks.hinder(null);
    this.#lesson = new Lesson(label, Number(byId<HTMLSelectElement>("teach-rounds").value), run.nowMs);
    this.#seen = [];
    this.#result.hidden = true;
    this.#overlay.hidden = false;
    this.#timer = setInterval(() => this.#step(run), 50);
    this.#overlay.scrollIntoView({ block: "nearest" });
    byId("lesson-stop").focus({ preventScroll: true });
  }

  #step(run: Run): void {
    const lesson = this.#lesson;
    if (lesson === null) return;
    const step = lesson.at(run.nowMs);
    this.#show(lesson, step);
    if (step.kind === "done") this.#end(null);
    if (step.kind !== "settle") return;
    const waited = run.nowMs - step.span.toMs;
    if (run.answeredMs >= step.span.toMs && lesson.settles()) this.#teach(run.client, lesson, step.span);
    else if (waited > PATIENCE_MS) this.#end("Not learnt: the server did not answer in time. Try once more.");
  }

  #teach(client: Client, lesson: Lesson, { fromMs, toMs }: Span): void {
    const people = Math.max(0, ...this.#seen.map((seen) => seen.people.length));
    if (people === 0) this.#end("Not learnt: nobody was in the picture. Step back until your whole body is seen.");
    else client.teach(lesson.label, fromMs, toMs, people > 1 ? this.#person : undefined);
  }

  #taught({ label, examples }: Taught): void {
    this.hooks.taught();
    const run = this.#run;
    if (this.#lesson === null || run === null || examples === 0) return;
    const times = examples === 1 ? "1 example" : `${examples} examples`;
    const honest = examples < 3 ? "Three make it much surer than one." : "Do it again and see.";
    this.#said.textContent = `Learnt “${label}” from ${times}, the last of ${this.#seen.length} frames. ${honest}`;
    this.#result.hidden = false;
    const every = Math.max(1, Math.floor(this.#seen.length / STRIP));
    drawStrip(byId("strip"), this.#seen.filter((_, place) => place % every === 0).slice(0, STRIP));
    this.hooks.announce(this.#said.textContent);
    this.#seen = [];
    this.#lesson.taken(run.nowMs);
  }

  #show(lesson: Lesson, step: Step): void {
    if (step.kind === "done") return;
    const round = lesson.rounds > 1 ? `${step.round} of ${lesson.rounds}` : "";
    this.#overlay.dataset["kind"] = step.kind;
    this.#overlay.style.setProperty("--share", step.kind === "perform" ? step.share.toFixed(3) : "0");
    const [big, small] = {
      count: () => [String(step.kind === "count" ? step.seconds : ""), `Get ready: ${lesson.label}`],
      perform: () => ["Go", lesson.label],
      settle: () => ["…", "Learning"],
    }[step.kind]();
    this.#big.textContent = big ?? "";
    this.#small.textContent = [small, round].filter(Boolean).join(" · ");
    const said = step.kind === "settle" ? "" : `${big} ${step.kind === "perform" ? lesson.label : ""}`;
    if (said !== this.#announced) this.hooks.announce(said);
    this.#announced = said;
  }

  #end(said: string | null): void {
    clearInterval(this.#timer);
    const taught = this.#lesson !== null;
    this.#lesson = null;
    this.#overlay.hidden = true;
    if (said !== null) {
      this.#said.textContent = said;
      this.#result.hidden = false;
      byId("strip").replaceChildren();
      this.hooks.announce(said);
    }
    if (taught) byId("teach-start").focus({ preventScroll: true });
  }
}

/** How high a person stands in the picture. */
function extent(rows: Float32Array): number {
  const heights = [...rows].filter((_, place) => place % 3 === 1);
  return Math.max(...heights) - Math.min(...heights);
}
