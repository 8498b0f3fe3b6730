/** The timeline, drawn: a lane for each person, now at its right edge. */

import { readable } from "../saying";
import { SPAN_MS, type Timeline } from "../timeline";
import { byId } from "./element";
import { FONT, fitted, palette } from "./palette";

const MOST_LANES = 4;
const LANE = 44;
const AXIS = 22;
const PADDING = 9;
/** Fewer letters of a name than this say nothing. */
const LEGIBLE = 3;

export class TimelineView {
  readonly #canvas = byId<HTMLCanvasElement>("timeline");
  readonly #last = byId("last-actions");
  #drawnMs = Number.NEGATIVE_INFINITY;

  /**
   * Draws it, unless nothing would have moved by a pixel: whatever is drawn is taken from the poses.
   *
   * @param nowMs of the stream's clock, so that it scrolls between answers.
   */
  draw(timeline: Timeline, nowMs: number): void {
    if (Math.abs(nowMs - this.#drawnMs) < SPAN_MS / this.#canvas.clientWidth) return;
    this.#drawnMs = nowMs;
    const people = timeline.people.slice(-MOST_LANES);
    this.#canvas.style.height = `${Math.max(1, people.length) * LANE + AXIS}px`;
    const context = fitted(this.#canvas);
    if (context === null) return;
    const width = this.#canvas.clientWidth;
    const x = (tMs: number): number => width * (1 - (nowMs - tMs) / SPAN_MS);
    this.#axis(context, width, Math.max(1, people.length) * LANE);
    people.forEach((person, lane) => {
      const top = lane * LANE;
      for (const moment of timeline.moments) {
        if (moment.person === person) drawMoment(context, moment.kind, x(moment.fromMs), x(moment.toMs), top + 35);
      }
      for (const segment of timeline.segments) {
        if (segment.person !== person) continue;
        const open = segment.toMs === null;
        drawSegment(context, readable(segment.label), x(segment.fromMs), x(segment.toMs ?? timeline.nowMs), top + 3, open);
      }
    });
  }

  /** Says in words what is drawn. */
  describe(timeline: Timeline): void {
    const said = timeline.segments.map(({ label, fromMs, toMs }) => {
      const ago = Math.round((timeline.nowMs - fromMs) / 1000);
      return `${readable(label)}, began ${ago} s ago${toMs === null ? " and goes on" : ""}`;
    });
    this.#last.textContent = said.length > 0 ? said.join("; ") : "No action in the last 30 seconds";
  }

  #axis(context: CanvasRenderingContext2D, width: number, bottom: number): void {
    const { muted, line } = palette();
    context.font = `500 11px ${FONT}`;
    context.textBaseline = "top";
    for (let ago = 0; ago <= 30; ago += 5) {
      const at = width * (1 - ago / 30);
      context.fillStyle = line;
      context.fillRect(Math.min(at, width - 1), 0, 1, bottom);
      context.fillStyle = muted;
      context.textAlign = ago === 0 ? "right" : ago === 30 ? "left" : "center";
      if (ago % 10 === 0 || width > 480) context.fillText(ago === 0 ? "now" : `−${ago} s`, at, bottom + 7);
    }
    context.textAlign = "left";
  }
}

function drawSegment(
  context: CanvasRenderingContext2D,
  text: string,
  from: number,
  to: number,
  top: number,
  open: boolean,
): void {
  const { accent, onAccent, figure, ink } = palette();
  context.save();
  context.beginPath();
  context.roundRect(from, top, Math.max(3, to - from), 27, 7);
  context.fillStyle = open ? accent : figure;
  context.fill();
  context.clip();
  context.font = `600 12px ${FONT}`;
  context.textBaseline = "middle";
  context.fillStyle = open ? onAccent : ink;
  const begin = Math.max(from, 0) + PADDING;
  context.fillText(shortened(context, text, to - begin - PADDING / 2), begin, top + 14);
  context.restore();
}

/** As much of a text as there is room for, with an ellipsis; nothing where that would say nothing. */
function shortened(context: CanvasRenderingContext2D, text: string, room: number): string {
  if (context.measureText(text).width <= room) return text;
  let letters = text.length - 1;
  while (letters > 0 && context.measureText(`${text.slice(0, letters)}…`).width > room) letters -= 1;
  return letters < LEGIBLE ? "" : `${text.slice(0, letters).trimEnd()}…`;
}

/** Nothing in particular is a thin line, the unknown a dashed one; an action has its span above. */
function drawMoment(context: CanvasRenderingContext2D, kind: string, from: number, to: number, y: number): void {
  const { accent, muted } = palette();
  context.lineWidth = kind === "action" ? 3 : 2;
  context.lineCap = "butt";
  context.strokeStyle = kind === "action" ? accent : muted;
  context.globalAlpha = kind === "background" || kind === "warming" ? 0.45 : 1;
  context.setLineDash(kind === "unknown" ? [5, 4] : kind === "warming" ? [1, 4] : []);
  context.beginPath();
  context.moveTo(from, y);
  context.lineTo(Math.max(to, from + 1), y);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}
