/** How long to wait before connecting again: exponential, with jitter. */

export interface Reconnect {
  /** Before the first attempt, about. */
  readonly firstMs: number;
  /** At most between two attempts. */
  readonly longestMs: number;
  /** Attempts in a row; 0 never connects again. */
  readonly attempts: number;
}

export const DEFAULT_RECONNECT: Reconnect = { firstMs: 250, longestMs: 8000, attempts: 12 };

export class Backoff {
  #failed = 0;

  /** @param random a number of 0…1, so that many clients do not come back at once. */
  constructor(
    private readonly settings: Reconnect,
    private readonly random: () => number = Math.random,
  ) {}

  /** Which attempt is next, from 1. */
  get attempt(): number {
    return this.#failed + 1;
  }

  /** Returns the wait before the next attempt, or null where there have been enough. */
  next(): number | null {
    if (this.#failed >= this.settings.attempts) return null;
    const full = Math.min(this.settings.longestMs, this.settings.firstMs * 2 ** this.#failed);
    this.#failed += 1;
    return full * (0.5 + 0.5 * this.random());
  }

  /** The server answered frames: the next loss begins anew. */
  proved(): void {
    this.#failed = 0;
  }
}
