/** Says to a screen reader what begins, politely: not more often than can be listened to. */

import { byId } from "./element";

const PAUSE_MS = 2000;

export class Announcer {
  readonly #said = byId("said");
  #quietUntilMs = 0;
  #next: string | null = null;

  /** The newest sentence wins where several come at once. */
  say(text: string): void {
    const nowMs = performance.now();
    const waits = this.#next !== null;
    this.#next = text;
    if (waits) return;
    setTimeout(() => this.#speak(), Math.max(0, this.#quietUntilMs - nowMs));
  }

  #speak(): void {
    this.#said.textContent = this.#next;
    this.#next = null;
    this.#quietUntilMs = performance.now() + PAUSE_MS;
  }
}
