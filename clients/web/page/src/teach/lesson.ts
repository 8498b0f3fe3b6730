/** One lesson: count-down, perform, captured, so many times. Pure: the clock is passed in. */

export type Step =
  | { readonly kind: "count"; readonly round: number; readonly seconds: number }
  | { readonly kind: "perform"; readonly round: number; readonly share: number }
  | { readonly kind: "settle"; readonly round: number; readonly span: Span }
  | { readonly kind: "done" };

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const COUNT_MS = 3000;
export const PERFORM_MS = 2500;

export class Lesson {
  #round = 1;
  #begunMs: number;
  #settled = false;

  /**
   * @param label of the action.
   * @param rounds how often it will be shown.
   * @param nowMs of the stream's clock.
   */
  constructor(
    readonly label: string,
    readonly rounds: number,
    nowMs: number,
  ) {
    this.#begunMs = nowMs;
  }

  /** Returns what happens at a time of the stream's clock. */
  at(nowMs: number): Step {
    if (this.#round > this.rounds) return { kind: "done" };
    const round = this.#round;
    const since = nowMs - this.#begunMs;
    if (since < COUNT_MS) return { kind: "count", round, seconds: Math.ceil((COUNT_MS - since) / 1000) };
    if (since < COUNT_MS + PERFORM_MS) return { kind: "perform", round, share: (since - COUNT_MS) / PERFORM_MS };
    const fromMs = this.#begunMs + COUNT_MS;
    return { kind: "settle", round, span: { fromMs, toMs: fromMs + PERFORM_MS } };
  }

  /** Whether this round's example is yet to be sent; true once. */
  settles(): boolean {
    const first = !this.#settled;
    this.#settled = true;
    return first;
  }

  /** The example was taken: the next round begins, or the lesson is over. */
  taken(nowMs: number): void {
    this.#round += 1;
    this.#begunMs = nowMs;
    this.#settled = false;
  }
}
