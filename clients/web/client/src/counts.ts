/** What became of the frames, and how long answers took. The clock is passed in. */

import type { Actions } from "./messages.js";

export interface Counts {
  /** Frames that went to the socket. */
  readonly sent: number;
  /** Frames that were answered. */
  readonly answered: number;
  /** Frames that a newer one superseded here, before they were sent. */
  readonly droppedHere: number;
  /** Frames that a newer one superseded at the server. */
  readonly droppedThere: number;
  /** Connections after the first. */
  readonly reconnects: number;
  /** From sending a frame to its answer, of the last answer; NaN before it. */
  readonly roundTripMs: number;
}

/** Frames that were sent and are remembered until they are answered. */
const MOST_UNANSWERED = 512;

export class Tally {
  #counts = {
    sent: 0,
    answered: 0,
    droppedHere: 0,
    droppedThere: 0,
    reconnects: 0,
    roundTripMs: Number.NaN,
  };
  #droppedBefore = 0;
  readonly #sentAt = new Map<number, number>();

  get counts(): Counts {
    return { ...this.#counts };
  }

  sent(tMs: number, nowMs: number): void {
    this.#counts.sent += 1;
    this.#sentAt.set(tMs, nowMs);
    if (this.#sentAt.size > MOST_UNANSWERED) {
      for (const oldest of this.#sentAt.keys()) {
        this.#sentAt.delete(oldest);
        break;
      }
    }
  }

  superseded(): void {
    this.#counts.droppedHere += 1;
  }

  /** Returns the answered frame's round trip in ms, NaN where it is not known. */
  answered(actions: Actions, nowMs: number): number {
    const sentAt = this.#sentAt.get(actions.t_ms);
    this.#sentAt.delete(actions.t_ms);
    this.#counts.answered += 1;
    this.#counts.droppedThere = this.#droppedBefore + actions.dropped;
    const roundTripMs = sentAt === undefined ? Number.NaN : nowMs - sentAt;
    if (sentAt !== undefined) this.#counts.roundTripMs = roundTripMs;
    return roundTripMs;
  }

  /** @param resumed whether the server goes on counting where it was. */
  reconnected(resumed: boolean): void {
    this.#counts.reconnects += 1;
    if (!resumed) this.#droppedBefore = this.#counts.droppedThere;
  }
}
