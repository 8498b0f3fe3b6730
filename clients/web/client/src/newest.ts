/** The one frame that waits while the socket is away or behind; a newer one takes its place. */

export interface Frame {
  readonly tMs: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class NewestFrame {
  #waiting: Frame | null = null;

  /** Whether a frame waits. */
  get waits(): boolean {
    return this.#waiting !== null;
  }

  /** Keeps a frame; returns whether it superseded another. */
  keep(frame: Frame): boolean {
    const superseded = this.#waiting !== null;
    this.#waiting = frame;
    return superseded;
  }

  /** Returns what waits, and forgets it. */
  take(): Frame | null {
    const frame = this.#waiting;
    this.#waiting = null;
    return frame;
  }
}
