/** One lesson: watch, count-down, perform, captured, so many times. Pure: the clock is passed in. */

export type Step =
  | { readonly kind: "watch"; readonly round: number; readonly waitedMs: number }
  | { readonly kind: "count"; readonly round: number; readonly seconds: number }
  | { readonly kind: "perform"; readonly round: number; readonly share: number }
  | { readonly kind: "settle"; readonly round: number; readonly span: Span; readonly waitedMs: number }
  | { readonly kind: "done" };

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const COUNT_MS = 3000;
export const PERFORM_MS = 2500;
/**
 * Frames of other motion from which the server tells an action apart, as docs/wire.md says. A slow
 * machine needs some seconds for them; the count-down adds to them.
 */
export const FEWEST_OTHERS = 30;

export class Lesson {
  #round = 1;
  /** When the round's count-down began; null while there is too little to tell the action apart from. */
  #begunMs: number | null = null;
  /** When the lesson was first seen to wait: a page that stood still meanwhile has not waited. */
  #waitingMs: number | null = null;
  #asked = false;

  /**
   * @param label of the action.
   * @param rounds how often it will be shown.
   */
  constructor(
    readonly label: string,
    readonly rounds: number,
  ) {}

  /** Whether an example was sent and has not been answered. */
  get asked(): boolean {
    return this.#asked;
  }

  /**
   * Returns what happens at a time of the stream's clock.
   *
   * @param others frames of other motion that were spoken of so far.
   */
  at(nowMs: number, others: number): Step {
    const round = this.#round;
    if (round > this.rounds) return { kind: "done" };
    if (this.#begunMs === null && others >= FEWEST_OTHERS) this.#begin(nowMs);
    if (this.#begunMs === null) return { kind: "watch", round, waitedMs: this.#waited(nowMs) };
    const since = nowMs - this.#begunMs;
    if (since < COUNT_MS) return { kind: "count", round, seconds: Math.ceil((COUNT_MS - since) / 1000) };
    if (since < COUNT_MS + PERFORM_MS) return { kind: "perform", round, share: (since - COUNT_MS) / PERFORM_MS };
    const fromMs = this.#begunMs + COUNT_MS;
    return { kind: "settle", round, span: { fromMs, toMs: fromMs + PERFORM_MS }, waitedMs: this.#waited(nowMs) };
  }

  /** This round's example is sent; returns false where it has been. */
  ask(): boolean {
    if (this.#asked) return false;
    this.#asked = true;
    return true;
  }

  /** The example was taken: the next round begins, or the lesson is over. */
  taken(nowMs: number): void {
    this.#round += 1;
    this.#asked = false;
    this.#begin(nowMs);
  }

  #begin(nowMs: number): void {
    this.#begunMs = nowMs;
    this.#waitingMs = null;
  }

  #waited(nowMs: number): number {
    this.#waitingMs ??= nowMs;
    return nowMs - this.#waitingMs;
  }
}
