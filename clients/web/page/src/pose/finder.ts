/** The pose worker as the page sees it: started once it is needed, one picture at a time. */

import { Hindrance } from "../sources/source";
import type { FromWorker, ToWorker } from "./messages";
import PoseWorker from "./worker?worker";

export interface Found {
  readonly tMs: number;
  readonly people: readonly Float32Array[];
  readonly poseMs: number;
}

const RUNTIME = new URL("assets/vision", document.baseURI).href;
const MODEL = new URL("assets/pose.task", document.baseURI).href;

export class PoseFinder {
  #worker: Worker | null = null;
  #started: Promise<void> | null = null;
  #waiting: { resolve: (message: FromWorker) => void; reject: (error: Hindrance) => void } | null = null;
  /** Settles with the answer before: one picture at a time, also while one stream follows another. */
  #before: Promise<unknown> = Promise.resolve();

  /**
   * Loads the runtime and the pose model, 22 MB the first time.
   *
   * @throws Hindrance where this browser or this server cannot.
   */
  start(people: number): Promise<void> {
    this.#started ??= this.#load(people).catch((error: unknown) => {
      this.#started = null;
      throw error;
    });
    return this.#started;
  }

  async #load(people: number): Promise<void> {
    if (typeof WebAssembly === "undefined") {
      throw new Hindrance("This browser has no WebAssembly, so it cannot find poses. Switch on “Send pictures”, or use another browser.");
    }
    this.#worker = new PoseWorker();
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#heard(data);
    this.#worker.onerror = ({ message }) => this.#heard({ type: "failed", message });
    try {
      await this.#ask({ type: "start", runtime: RUNTIME, model: MODEL, people });
    } catch (error) {
      this.#worker?.terminate();
      this.#worker = null;
      throw error;
    }
  }

  /** Returns who is in a picture; the picture is closed. Times go forward, from stream to stream too. */
  async look(tMs: number, picture: ImageBitmap): Promise<Found> {
    const answer = await this.#ask({ type: "look", tMs, picture }, [picture]);
    if (answer.type !== "found") throw new Hindrance("The pose worker answered out of turn. Reload the page.");
    return answer;
  }

  #ask(message: ToWorker, transfer: Transferable[] = []): Promise<FromWorker> {
    const answer = this.#before.then(
      () =>
        new Promise<FromWorker>((resolve, reject) => {
          this.#waiting = { resolve, reject };
          this.#worker?.postMessage(message, transfer);
        }),
    );
    this.#before = answer.catch(() => undefined);
    return answer;
  }

  #heard(message: FromWorker): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (message.type !== "failed") waiting?.resolve(message);
    else {
      waiting?.reject(
        new Hindrance(
          `Poses cannot be found in this browser (${message.message || "the runtime did not load"}). Switch on “Send pictures” so that the server does it, or play a sample.`,
        ),
      );
    }
  }
}
