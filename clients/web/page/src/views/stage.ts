/** The picture: a video or a figure, the skeleton over it, and a name over each head. */

import type { PersonAction } from "@posewire/client";

import type { Seen } from "../run";
import type { Source } from "../sources/source";
import { saidOf } from "../saying";
import { drawFigure } from "./figure_drawing";
import { byId } from "./element";
import { FONT, fitted, palette } from "./palette";

const SURE = 0.3;
/** With rows of x, y, score. */
const WIDTH = 3;

export class Stage {
  readonly #place = byId("stage");
  readonly #canvas = byId<HTMLCanvasElement>("picture");
  #source: Source | null = null;
  #size: readonly [number, number] = [960, 600];
  #seen: Seen | null = null;
  #people: readonly PersonAction[] = [];

  constructor() {
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** Shows a source from now on, whose keypoints are in pixels of a picture of this size. */
  play(source: Source, size: readonly [number, number]): void {
    this.clear();
    this.#source = source;
    this.#size = size;
    if (source.kind === "sample") {
      this.#canvas.setAttribute("aria-label", `A drawn figure: ${source.sample.title}`);
      return;
    }
    source.video.classList.toggle("mirrored", source.kind === "camera");
    this.#place.prepend(source.video);
    this.#canvas.setAttribute("aria-label", `${source.title}, with the skeletons that were found in it`);
  }

  clear(): void {
    this.#source = null;
    this.#seen = null;
    this.#people = [];
    this.#draw();
  }

  show(seen: Seen): void {
    const first = this.#seen === null;
    this.#seen = seen;
    this.#draw();
    if (first) performance.mark("picture");
  }

  /** What is said of the people, in the order in which they were seen. */
  label(people: readonly PersonAction[]): void {
    this.#people = people;
  }

  #draw(): void {
    const context = fitted(this.#canvas);
    const seen = this.#seen;
    if (context === null || seen === null || this.#source === null) return;
    const { clientWidth, clientHeight } = this.#canvas;
    const [width, height] = this.#size;
    const zoom = Math.min(clientWidth / width, clientHeight / height);
    const left = (clientWidth - width * zoom) / 2;
    const top = (clientHeight - height * zoom) / 2;
    const mirrored = this.#source.kind === "camera";
    const onScreen = (x: number, y: number): readonly [number, number] => [
      left + (mirrored ? width - x : x) * zoom,
      top + y * zoom,
    ];
    if (seen.figures.length > 0) this.#drawFigures(context, seen, zoom, left, top);
    seen.people.forEach((rows) => this.#drawSkeleton(context, seen, rows, onScreen));
    seen.people.forEach((rows, place) => this.#drawName(context, seen, rows, place, onScreen));
  }

  #drawFigures(context: CanvasRenderingContext2D, seen: Seen, zoom: number, left: number, top: number): void {
    context.save();
    context.translate(left, top);
    context.scale(zoom, zoom);
    const colours = palette();
    const far = [...seen.figures].sort((a, b) => b.pelvis[2] - a.pelvis[2]);
    for (const figure of far) drawFigure(context, figure, colours);
    context.restore();
  }

  #drawSkeleton(context: CanvasRenderingContext2D, seen: Seen, rows: Float32Array, onScreen: OnScreen): void {
    const { overVideo, accent: overFigure, surface } = palette();
    const ofVideo = seen.figures.length === 0;
    const accent = ofVideo ? overVideo : overFigure;
    const lines = ofVideo ? ([["rgb(0 0 0 / 0.5)", 6], [accent, 3]] as const) : ([[accent, 3]] as const);
    context.lineCap = "round";
    // A dark seam keeps the lines apart from whatever picture is behind them.
    for (const [colour, width] of lines) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      for (const [from, to] of seen.layout.bones) {
        const share = Math.min(scoreOf(rows, from), scoreOf(rows, to));
        if (share < SURE) continue;
        context.globalAlpha = Math.min(1, 0.35 + share * 0.65);
        context.beginPath();
        context.moveTo(...pointOf(rows, from, onScreen));
        context.lineTo(...pointOf(rows, to, onScreen));
        context.stroke();
      }
    }
    context.globalAlpha = 1;
    const joints = new Set(seen.layout.bones.flat().filter((joint) => !seen.layout.head.includes(joint)));
    for (const joint of joints) {
      if (scoreOf(rows, joint) < SURE) continue;
      context.beginPath();
      context.arc(...pointOf(rows, joint, onScreen), 4, 0, 2 * Math.PI);
      context.fillStyle = surface;
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = accent;
      context.stroke();
    }
  }

  #drawName(
    context: CanvasRenderingContext2D,
    seen: Seen,
    rows: Float32Array,
    place: number,
    onScreen: OnScreen,
  ): void {
    const person = this.#people.length === seen.people.length ? this.#people[place] : undefined;
    if (person === undefined) return;
    const head = seen.layout.head.map((joint) => pointOf(rows, joint, onScreen));
    const x = head.reduce((sum, [at]) => sum + at, 0) / head.length;
    const y = Math.min(...head.map(([, at]) => at)) - 46;
    const said = saidOf(person);
    const text = said.certainty === null ? said.title : `${said.title}  ${Math.round(said.certainty * 100)} %`;
    const { accent, onAccent, ink, line, surface } = palette();
    context.font = `600 15px ${FONT}`;
    const width = context.measureText(text).width + 24;
    const from = Math.min(Math.max(8, x - width / 2), this.#canvas.clientWidth - width - 8);
    const at = Math.max(8, y - 15);
    context.beginPath();
    context.roundRect(from, at, width, 30, 15);
    context.fillStyle = said.kind === "action" ? accent : surface;
    context.fill();
    context.strokeStyle = said.kind === "action" ? accent : line;
    context.lineWidth = 1;
    context.stroke();
    context.fillStyle = said.kind === "action" ? onAccent : ink;
    context.textBaseline = "middle";
    context.fillText(text, from + 12, at + 15.5);
  }
}

type OnScreen = (x: number, y: number) => readonly [number, number];

function scoreOf(rows: Float32Array, joint: number): number {
  return rows[joint * WIDTH + 2] ?? 0;
}

function pointOf(rows: Float32Array, joint: number, onScreen: OnScreen): readonly [number, number] {
  return onScreen(rows[joint * WIDTH] ?? 0, rows[joint * WIDTH + 1] ?? 0);
}
