/** How much a stream has shown beside what is being taught: frames that somebody was spoken of in. */

import type { Actions } from "@posewire/client";

/** The server takes examples from the last minute. */
const REMEMBERED_MS = 60_000;

export class OtherMotion {
  #timesMs: number[] = [];

  /** How many frames of it the server remembers. */
  get frames(): number {
    return this.#timesMs.length;
  }

  /** A frame was answered; of people whom the model still warms up for, nothing is remembered. */
  answered({ t_ms, people }: Actions): void {
    this.#timesMs = this.#timesMs.filter((timeMs) => t_ms - timeMs < REMEMBERED_MS);
    if (people.some(({ label }) => label !== "warming")) this.#timesMs.push(t_ms);
  }

  /** The stream began anew, and nothing is remembered. */
  clear(): void {
    this.#timesMs = [];
  }
}
