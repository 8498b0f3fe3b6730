/** What the stream costs, over its last answers. The clock is passed in. */

const KEPT = 60;
const RATE_MS = 2000;

export class Measures {
  readonly #pose: number[] = [];
  readonly #network: number[] = [];
  readonly #server: number[] = [];
  readonly #whole: number[] = [];
  #shownMs: number[] = [];
  /** Pictures that came while the one before was still looked at. */
  skipped = 0;

  pose(ms: number): void {
    keep(this.#pose, ms);
  }

  /** A frame was seen, at `nowMs`. */
  seen(nowMs: number): void {
    this.#shownMs = [...this.#shownMs.filter((then) => nowMs - then < RATE_MS), nowMs];
  }

  /**
   * A frame was answered.
   *
   * @param roundTripMs from sending it to its answer.
   * @param serverMs what the server says it took.
   * @param wholeMs from the picture to the label.
   */
  answered(roundTripMs: number, serverMs: number, wholeMs: number): void {
    if (Number.isFinite(roundTripMs)) keep(this.#network, Math.max(0, roundTripMs - serverMs));
    keep(this.#server, serverMs);
    if (Number.isFinite(wholeMs)) keep(this.#whole, wholeMs);
  }

  get poseMs(): number {
    return median(this.#pose);
  }

  /**
   * The quickest of the last answers: a frame's answer may also wait for the window that speaks of
   * it, which is no time on the network.
   */
  get networkMs(): number {
    return Math.min(...this.#network, this.#network.length > 0 ? Infinity : Number.NaN);
  }

  get serverMs(): number {
    return median(this.#server);
  }

  get wholeMs(): number {
    return median(this.#whole);
  }

  /** Over the last two seconds before `nowMs`; NaN where too few were seen. */
  framesASecond(nowMs: number): number {
    const shownMs = this.#shownMs.filter((then) => nowMs - then < RATE_MS);
    const first = shownMs[0];
    const last = shownMs.at(-1);
    if (first === undefined || last === undefined || last - first < 200) return Number.NaN;
    return ((shownMs.length - 1) * 1000) / (last - first);
  }
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > KEPT) values.shift();
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
