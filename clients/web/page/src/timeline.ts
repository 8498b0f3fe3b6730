/** What was said in the last 30 seconds: actions as spans, and every moment's own label. */

import type { ActionEvent, Actions } from "@posewire/client";

import { saidOf, type Said } from "./saying";

export const SPAN_MS = 30_000;
/** A longer silence than this is shown as one. */
const GAP_MS = 400;

export interface Segment {
  readonly person: number;
  readonly label: string;
  readonly fromMs: number;
  /** Null while it lasts. */
  toMs: number | null;
}

export interface Moment {
  readonly person: number;
  readonly kind: Said["kind"];
  readonly fromMs: number;
  toMs: number;
}

export class Timeline {
  segments: Segment[] = [];
  moments: Moment[] = [];
  /** The newest answer's time, on the stream's clock. */
  nowMs = 0;

  event({ event, person, label, t_ms }: ActionEvent): void {
    if (event === "start") {
      this.segments.push({ person, label, fromMs: t_ms, toMs: null });
      return;
    }
    const open = this.segments.find(
      (segment) => segment.person === person && segment.label === label && segment.toMs === null,
    );
    if (open !== undefined) open.toMs = t_ms;
  }

  answer(actions: Actions): void {
    this.nowMs = Math.max(this.nowMs, actions.t_ms);
    for (const person of actions.people) {
      const { kind } = saidOf(person);
      const last = this.moments.findLast((moment) => moment.person === person.id);
      if (last !== undefined && last.kind === kind && actions.t_ms - last.toMs < GAP_MS) last.toMs = actions.t_ms;
      else this.moments.push({ person: person.id, kind, fromMs: actions.t_ms, toMs: actions.t_ms });
    }
    const oldestMs = this.nowMs - SPAN_MS;
    this.moments = this.moments.filter(({ toMs }) => toMs >= oldestMs);
    this.segments = this.segments.filter(({ toMs }) => toMs === null || toMs >= oldestMs);
  }

  /** The stream began anew: what was open ends here. */
  cut(): void {
    for (const segment of this.segments) segment.toMs ??= this.nowMs;
  }

  /** The people who are in it, in order. */
  get people(): number[] {
    return [...new Set([...this.segments, ...this.moments].map(({ person }) => person))].sort((a, b) => a - b);
  }
}
