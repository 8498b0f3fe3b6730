/** Leads through a lesson: the form, the count-down over the picture, what was captured. */

import type { Actions, ErrorMessage, State, Taught } from "@posewire/client";

import type { Run, Seen } from "../run";
import { byId } from "../views/element";
import { drawStrip } from "./strip";
import { Lesson, type Span, type Step } from "./lesson";
import { OtherMotion } from "./other_motion";

export interface LessonHooks {
  readonly announce: (text: string) => void;
  readonly hinder: (text: string | null) => void;
  readonly taught: () => void;
}

/** How long the server may take to have seen and learnt a span. */
const PATIENCE_MS = 6000;
/** How long other motion is waited for: at two frames a second there is enough by then. */
const WATCH_MS = 30_000;
const STRIP = 7;
const NOBODY = "Not learnt: nobody was in the picture. Step back until your whole body is seen.";
const UNSEEN =
  "Not begun: too little was seen to tell it apart from. Step back until your whole body is in the picture, close what keeps this machine busy, and start again.";
const NOT_ANSWERED = "Not learnt: the server did not answer in time. Check that the picture moves, and start again.";
const STOPPED = "Stopped. Nothing more was learnt.";
const DISCONNECTED = "Not learnt: the connection was lost. Start again once it is back.";

export class LessonView {
  readonly #form = byId<HTMLFormElement>("teach");
  readonly #overlay = byId("lesson");
  readonly #big = byId("lesson-big");
  readonly #small = byId("lesson-small");
  readonly #result = byId("captured");
  readonly #said = byId("captured-said");
  #run: Run | null = null;
  readonly #others = new OtherMotion();
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
    byId("lesson-stop").addEventListener("click", () => this.#end(STOPPED));
  }

  /** Whether a lesson is on: what is announced now is what to do next. */
  get leads(): boolean {
    return this.#lesson !== null;
  }

  /** Whether the server has been asked to learn: what it refuses now is said here. */
  get asks(): boolean {
    return this.#lesson?.asked ?? false;
  }

  /** Teaches from this source from now on. */
  follow(run: Run): void {
    this.#end(this.#lesson === null ? null : STOPPED);
    this.#run = run;
    this.#others.clear();
    run.client.on("taught", (taught) => this.#taught(taught));
    run.client.on("error", (error) => {
      if (this.asks) this.#end(refusal(error));
    });
    run.client.on("state", (state) => this.#connected(state));
  }

  /** Who was seen; the largest person is the one who teaches. */
  see(seen: Seen): void {
    const run = this.#run;
    if (this.#lesson === null || run === null) return;
    if (this.#lesson.at(run.nowMs, this.#others.frames).kind === "perform") this.#seen.push(seen);
  }

  /** What was said of the people, in the order in which they were seen. */
  answered(actions: Actions): void {
    this.#others.answered(actions);
    const seen = this.#run?.seenAt(actions.t_ms);
    if (this.#lesson === null || seen === undefined) return;
    const sizes = seen.people.map(extent);
    this.#person = actions.people[sizes.indexOf(Math.max(...sizes))]?.id;
  }

  #begin(): void {
    const run = this.#run;
    const label = byId<HTMLInputElement>("teach-label").value.trim();
    if (this.#lesson !== null || run === null || label === "") return;
    if (run.paused) {
      this.hooks.hinder("Teaching needs movement. Press Play first.");
      return;
    }
    if (!["connecting", "open"].includes(run.client.state.kind)) {
      this.hooks.hinder("Teaching needs a stream. Choose a source first, and wait until it is live.");
      return;
    }
    this.hooks.hinder(null);
    this.#lesson = new Lesson(label, Number(byId<HTMLSelectElement>("teach-rounds").value));
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
    const step = lesson.at(run.nowMs, this.#others.frames);
    this.#show(lesson, step);
    run.direct(step.kind === "perform" ? "show" : "stand");
    if (step.kind === "done") this.#end(null);
    else if (step.kind === "watch" && step.waitedMs > WATCH_MS) this.#end(UNSEEN);
    else if (step.kind !== "settle") return;
    else if (step.waitedMs > PATIENCE_MS) this.#end(NOT_ANSWERED);
    else if (run.answeredMs >= step.span.toMs && lesson.ask()) this.#teach(run, lesson, step.span);
  }

  #teach(run: Run, lesson: Lesson, { fromMs, toMs }: Span): void {
    const people = Math.max(0, ...this.#seen.map((seen) => seen.people.length));
    if (people === 0) this.#end(NOBODY);
    else run.client.teach(lesson.label, fromMs, toMs, people > 1 ? this.#person : undefined);
  }

  /** A lesson does not outlive its connection: neither what was shown nor the answer is sure. */
  #connected(state: State): void {
    if (state.kind === "open" && !state.welcome.resumed) this.#others.clear();
    const closedHere = state.kind === "ended" && state.error === null;
    if (state.kind !== "open" && !closedHere && this.#lesson !== null) this.#end(DISCONNECTED);
  }

  #taught({ label, examples }: Taught): void {
    this.hooks.taught();
    const run = this.#run;
    // An answer that comes after its lesson has ended is no answer to the next one.
    if (this.#lesson?.asked !== true || this.#lesson.label !== label || run === null || examples === 0) return;
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
      watch: () => ["…", "First move a little, as you like"],
      count: () => [String(step.kind === "count" ? step.seconds : ""), `Get ready: ${lesson.label}`],
      perform: () => ["Go", lesson.label],
      settle: () => ["…", "Learning"],
    }[step.kind]();
    this.#big.textContent = big ?? "";
    this.#small.textContent = [small, round].filter(Boolean).join(" · ");
    const said = { watch: small, count: big, perform: `${big} ${lesson.label}`, settle: "" }[step.kind] ?? "";
    if (said !== this.#announced) this.hooks.announce(said);
    this.#announced = said;
  }

  #end(said: string | null): void {
    clearInterval(this.#timer);
    const taught = this.#lesson !== null;
    this.#lesson = null;
    this.#run?.direct(null);
    this.#overlay.hidden = true;
    this.#big.textContent = this.#small.textContent = this.#announced = "";
    if (said !== null) {
      this.#said.textContent = said;
      this.#result.hidden = false;
      byId("strip").replaceChildren();
      this.hooks.announce(said);
    }
    if (taught) byId("teach-start").focus({ preventScroll: true });
  }
}

/** Why an example was not learnt, and what to do. */
function refusal({ code, message }: ErrorMessage): string {
  if (code === "bad-span") return "Not learnt: you were not seen for the whole of it. Stay in the picture, and start again.";
  const advice = code === "not-taught" ? " Do something else for some seconds, then start again." : "";
  return `Not learnt: ${message}.${advice}`;
}

/** How high a person stands in the picture. */
function extent(rows: Float32Array): number {
  const heights = [...rows].filter((_, place) => place % 3 === 1);
  return Math.max(...heights) - Math.min(...heights);
}
