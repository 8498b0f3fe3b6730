/** What was captured, as a strip of small skeletons. */

import type { Seen } from "../run";
import { made } from "../views/element";
import { fitted, palette } from "../views/palette";

/** Draws the first person of each of some frames, all to one scale. */
export function drawStrip(place: HTMLElement, frames: readonly Seen[]): void {
  const canvases = frames.map(() => made("canvas"));
  place.replaceChildren(...canvases);
  frames.forEach((seen, index) => {
    const canvas = canvases[index];
    const [rows] = seen.people;
    if (canvas !== undefined && rows !== undefined) drawSmall(canvas, seen, rows);
  });
}

function drawSmall(canvas: HTMLCanvasElement, seen: Seen, rows: Float32Array): void {
  const context = fitted(canvas);
  if (context === null) return;
  const xs = [...rows].filter((_, at) => at % 3 === 0);
  const ys = [...rows].filter((_, at) => at % 3 === 1);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const { clientWidth, clientHeight } = canvas;
  const zoom = Math.min((clientWidth - 8) / Math.max(width, 1), (clientHeight - 8) / Math.max(height, 1));
  const x = (joint: number): number => clientWidth / 2 + ((rows[3 * joint] ?? 0) - left - width / 2) * zoom;
  const y = (joint: number): number => clientHeight / 2 + ((rows[3 * joint + 1] ?? 0) - top - height / 2) * zoom;
  context.strokeStyle = palette().accent;
  context.lineWidth = 2;
  context.lineCap = "round";
  const nose = seen.layout.head[0] ?? 0;
  context.beginPath();
  context.arc(x(nose), y(nose), 4, 0, 2 * Math.PI);
  context.stroke();
  for (const [from, to] of seen.layout.bones) {
    context.beginPath();
    context.moveTo(x(from), y(from));
    context.lineTo(x(to), y(to));
    context.stroke();
  }
}
