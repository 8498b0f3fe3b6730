/** The page: who plays, to whom it is shown, and what is said where that fails. */

import { PosewireError } from "@posewire/client";

import { servedModel, type ServedModel } from "./model";
import { SAMPLES } from "./motion/samples";
import { PoseFinder } from "./pose/finder";
import { MOST_PEOPLE, Run } from "./run";
import { readable } from "./saying";
import { Hindrance, release, type Source } from "./sources/source";
import { camera, videoFile } from "./sources/video";
import { LessonView } from "./teach/lesson_view";
import { TaughtList } from "./teach/taught_list";
import { TaughtSet } from "./teach/taught_set";
import { Timeline } from "./timeline";
import { Announcer } from "./views/announcer";
import { byId, reducedMotion } from "./views/element";
import { Gallery } from "./views/gallery";
import { Now } from "./views/now";
import { Panel } from "./views/panel";
import { Stage } from "./views/stage";
import { sentence, Status } from "./views/status";
import { TimelineView } from "./views/timeline_view";

const PANEL_MS = 500;
const SLOW_MS = 5000;

export class App {
  readonly #token = new URLSearchParams(location.hash.slice(1)).get("token");
  readonly #set = new TaughtSet(this.#token);
  readonly #stage = new Stage();
  readonly #now = new Now();
  readonly #panel = new Panel();
  readonly #status = new Status();
  readonly #announcer = new Announcer();
  readonly #timelineView = new TimelineView();
  readonly #gallery = new Gallery((sample) => this.play({ kind: "sample", sample }));
  readonly #taught = new TaughtList(this.#set, {
    changed: () => this.#again(),
    forget: (label) => this.#run?.client.forget(label),
    hindered: (error) => this.#hindered(error),
  });
  readonly #lesson = new LessonView({
    announce: (text) => this.#announcer.say(text),
    hinder: (text) => this.#status.hinder(text),
    taught: () => this.#taught.refresh(),
  });
  readonly #pictures = byId<HTMLInputElement>("pictures");
  readonly #pause = byId<HTMLButtonElement>("pause");
  #finder: PoseFinder | null = null;
  #timeline = new Timeline();
  #model: ServedModel | null = null;
  #run: Run | null = null;
  /** What was chosen last: it plays, or will once the model is known and poses can be found. */
  #wanted: Source | null = null;
  #asked = 0;

  /** Asks the server for its model, then plays the first sample at once. */
  async start(): Promise<void> {
    byId("camera").addEventListener("click", () => this.#open(camera));
    byId<HTMLInputElement>("file").addEventListener("change", ({ target }) => {
      const input = target as HTMLInputElement;
      const [file] = input.files ?? [];
      // The same file may be chosen once more.
      input.value = "";
      if (file !== undefined) this.#open(() => videoFile(file));
    });
    this.#pictures.addEventListener("change", () => this.#again());
    this.#pause.addEventListener("click", () => this.#togglePause());
    setInterval(() => this.#refresh(), PANEL_MS);
    const draw = (): void => {
      if (this.#run !== null && !this.#run.paused) this.#timelineView.draw(this.#timeline, this.#run.nowMs);
      requestAnimationFrame(draw);
    };
    try {
      this.#model = await servedModel();
    } catch {
      this.#status.show({ kind: "connecting" });
      this.#status.hinder("The server does not answer. Check that it runs; this page tries again by itself.");
      setTimeout(() => location.reload(), SLOW_MS);
      return;
    }
    this.#set.suit(this.#model);
    this.#panel.describe(this.#model);
    this.#limit(this.#model);
    this.#taught.refresh();
    requestAnimationFrame(draw);
    const [first] = SAMPLES;
    const sample: Source | null = first === undefined ? null : { kind: "sample", sample: first };
    const source = this.#wanted ?? sample;
    if (source !== null) await this.play(source);
    if (reducedMotion()) this.#togglePause();
  }

  /** Plays a source in place of the one before; one that is superseded before it plays is let go. */
  async play(source: Source, paused = false): Promise<void> {
    const model = this.#model;
    const asked = ++this.#asked;
    const before = this.#wanted;
    this.#wanted = source;
    if (before !== source && before !== this.#run?.source) release(before);
    if (model === null) return;
    this.#status.hinder(null);
    const asPictures = this.#pictures.checked;
    // Whoever switches it off has sent the last picture, however long poses cannot be found yet.
    if (!asPictures && this.#run?.sendsPictures === true) this.#run.stop(this.#run.source);
    try {
      const finder = source.kind === "sample" || asPictures ? null : await this.#poseFinder();
      if (asked !== this.#asked) return;
      const run = new Run(source, model, finder, { taught: this.#set.name, token: this.#token }, {
        seen: (seen) => {
          this.#stage.show(seen);
          this.#lesson.see(seen);
        },
        labelled: (actions) => {
          this.#stage.label(actions.people);
          this.#lesson.answered(actions);
          this.#now.show(actions.people, this.#taught.labels, performance.now());
          this.#timeline.answer(actions);
        },
        hindered: (error) => this.#hindered(error),
      });
      this.#begin(run, paused);
    } catch (error) {
      if (asked !== this.#asked) return;
      if (source !== this.#run?.source) release(source);
      this.#wanted = this.#run?.source ?? null;
      this.#hindered(error);
    }
  }

  #begin(run: Run, paused: boolean): void {
    this.#run?.stop(run.source);
    this.#run = run;
    run.paused = paused;
    this.#timeline = new Timeline();
    const timeline = this.#timeline;
    this.#now.clear("No answer yet");
    this.#stage.play(run.source, run.size);
    this.#gallery.mark(run.source.kind === "sample" ? run.source.sample.id : null);
    this.#showPaused();
    this.#status.show(run.client.state);
    run.client.on("state", (state) => {
      if (this.#run !== run) return;
      this.#status.show(state);
      if (state.kind === "idle" || state.kind === "waiting" || state.kind === "ended") {
        // What was said last is no longer true of what is seen.
        this.#stage.label([]);
        this.#now.clear(state.kind === "idle" ? "Nothing is sent" : "No answer from the server");
      }
      if (state.kind === "waiting") this.#announcer.say("Connection lost. Reconnecting.");
      if (state.kind === "open" && !state.welcome.resumed) timeline.cut();
      if (state.kind === "open" && run.client.counts.reconnects > 0) this.#announcer.say("Connected again.");
    });
    run.client.on("event", (event) => {
      timeline.event(event);
      if (event.event === "start" && !this.#lesson.leads) {
        this.#announcer.say(`${readable(event.label)}, ${Math.round(event.score * 100)} percent`);
      }
    });
    run.client.on("error", ({ message, fatal }) => {
      // What is refused in a lesson is said there.
      if (!fatal && !this.#lesson.asks) this.#status.hinder(`The server refused something: ${message}.`);
    });
    run.client.on("notice", ({ code, message }) => {
      if (code !== "too-slow") return;
      this.#status.hinder(`Too few pictures: ${message}. Try “Send pictures”, or a smaller video.`);
      const spoken = run.client.on("actions", ({ people }) => {
        if (people.every(({ label }) => label === "warming")) return;
        this.#status.hinder(null);
        spoken();
      });
    });
    this.#lesson.follow(run);
  }

  async #open(opened: () => Promise<Source>): Promise<void> {
    const asked = this.#asked;
    try {
      const source = await opened();
      // Something else was chosen while the browser asked for the camera.
      if (asked === this.#asked) await this.play(source);
      else release(source);
    } catch (error) {
      this.#hindered(error);
    }
  }

  /** The same source once more, under other terms. */
  #again(): void {
    if (this.#wanted !== null) void this.play(this.#wanted, this.#run?.source === this.#wanted && this.#run.paused);
  }

  async #poseFinder(): Promise<PoseFinder> {
    this.#finder ??= new PoseFinder();
    this.#status.busy("Loading the pose model…");
    await this.#finder.start(MOST_PEOPLE);
    return this.#finder;
  }

  /** Says what this model cannot do, where the button for it is. */
  #limit(model: ServedModel): void {
    const why = byId("why-not");
    if (model.reads === "metres") {
      for (const id of ["camera", "file", "pictures"]) byId<HTMLButtonElement>(id).disabled = true;
      why.textContent = `Webcam and video are off: ${model.name} reads body positions in metres, as a depth camera measures them, and a webcam has none. The samples below are in metres and play. To use a webcam, serve a model that reads pictures: POSEWIRE_MODEL=FILE make serve.`;
      why.hidden = false;
    } else if (model.imagesRefused !== null) {
      this.#pictures.disabled = true;
      byId("pictures-why").textContent = `Not on this server: ${model.imagesRefused}`;
    }
  }

  #togglePause(): void {
    const run = this.#run;
    if (run === null) return;
    run.paused = !run.paused;
    const { source } = run;
    if (source.kind === "file") void (run.paused ? source.video.pause() : source.video.play());
    this.#timelineView.draw(this.#timeline, run.nowMs);
    this.#showPaused();
  }

  #showPaused(): void {
    this.#pause.hidden = this.#run === null;
    this.#pause.textContent = this.#run?.paused === true ? "Play" : "Pause";
  }

  #refresh(): void {
    if (this.#run === null) return;
    this.#panel.show(this.#run);
    this.#timelineView.describe(this.#timeline);
  }

  #hindered(error: unknown): void {
    if (this.#run !== null) this.#status.show(this.#run.client.state);
    if (error instanceof PosewireError) this.#status.hinder(sentence(error.message, ""));
    else if (error instanceof Hindrance) this.#status.hinder(error.message);
    else this.#status.hinder(`Something failed in this page (${String(error)}). Reload it.`);
  }
}
