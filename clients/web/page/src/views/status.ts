/** How the connection is, always in sight; and what hinders, as a sentence. */

import type { State } from "@posewire/client";

import { byId } from "./element";

const ADVICE: Readonly<Record<string, string>> = {
  full: "This page tries again by itself.",
  restart: "It is being restarted: this page comes back by itself.",
  failed: "This page connects again by itself.",
  lost: "This page connects again by itself.",
  unreachable: "Check that it runs: this page tries again by itself.",
  moved: "It goes on in another window. Choose a source to begin here anew.",
  "not-allowed":
    "Ask whoever runs it for a token and open this page with #token=… at the end of its address.",
};
const GIVEN_UP = "Choose a source to try again.";

export class Status {
  readonly #status = byId("status");
  readonly #message = byId("message");

  show(state: State): void {
    this.#status.dataset["kind"] = state.kind;
    switch (state.kind) {
      case "connecting":
        this.#status.textContent = "Connecting…";
        break;
      case "open":
        this.#status.textContent = state.welcome.resumed ? "Connected again" : "Live";
        this.hinder(null);
        break;
      case "idle":
        this.#status.textContent = "Resting until there is a picture";
        break;
      case "waiting":
        this.#status.textContent = `Reconnecting, attempt ${state.attempt}…`;
        this.hinder(sentence(state.error.message, ADVICE[state.error.reason] ?? ""));
        break;
      case "ended":
        this.#status.textContent = state.error === null ? "Stopped" : "Disconnected";
        if (state.error !== null) {
          const advice = state.error.again ? GIVEN_UP : (ADVICE[state.error.reason] ?? GIVEN_UP);
          this.hinder(sentence(state.error.message, advice));
        }
        break;
    }
  }

  /** Something is being loaded. */
  busy(text: string): void {
    this.#status.dataset["kind"] = "connecting";
    this.#status.textContent = text;
  }

  /** Says what hinders and what to do; null takes it back. */
  hinder(text: string | null): void {
    // An alert that is said again is read again.
    if (this.#message.textContent === (text ?? "")) return;
    this.#message.textContent = text ?? "";
    this.#message.hidden = text === null;
  }
}

/** A message of the server's or the client's as a sentence, with what to do. */
export function sentence(said: string, advice: string): string {
  const whole = said.charAt(0).toUpperCase() + said.slice(1);
  return `${whole.replace(/\.?$/, ".")} ${advice}`.trim();
}
