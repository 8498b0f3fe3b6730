/** The samples as a row of cards, each with a figure that moves while it is pointed at. */

import { SAMPLE_SIZE } from "../layouts";
import { peopleAt, SAMPLES, type Sample } from "../motion/samples";
import { byId, made, reducedMotion } from "./element";
import { drawFigure } from "./figure_drawing";
import { fitted, palette } from "./palette";

const SHOWN_WIDTH = 620;

export class Gallery {
  readonly #cards = new Map<string, HTMLButtonElement>();

  /** @param play is called with the sample that was chosen. */
  constructor(play: (sample: Sample) => void) {
    const list = byId("gallery");
    for (const sample of SAMPLES) {
      const button = made("button", "card");
      button.type = "button";
      button.dataset["sample"] = sample.id;
      button.setAttribute("aria-pressed", "false");
      const canvas = made("canvas");
      canvas.setAttribute("aria-hidden", "true");
      button.append(canvas, made("span", "", sample.title));
      button.addEventListener("click", () => play(sample));
      const item = made("li");
      item.append(button);
      list.append(item);
      this.#cards.set(sample.id, button);
      animate(button, canvas, sample);
    }
  }

  /** Marks the sample that plays; null where none does. */
  mark(id: string | null): void {
    for (const [own, card] of this.#cards) card.setAttribute("aria-pressed", String(own === id));
  }
}

function animate(button: HTMLButtonElement, canvas: HTMLCanvasElement, sample: Sample): void {
  let moving = false;
  const still = (): void => draw(canvas, sample, sample.still);
  const begin = (): void => {
    if (moving || reducedMotion()) return;
    moving = true;
    const begunMs = performance.now();
    const step = (nowMs: number): void => {
      if (!moving) return;
      draw(canvas, sample, sample.still + Math.max(0, nowMs - begunMs) / 1000);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  };
  const end = (): void => {
    moving = false;
    still();
  };
  for (const name of ["pointerenter", "focus"]) button.addEventListener(name, begin);
  for (const name of ["pointerleave", "blur"]) button.addEventListener(name, end);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", still);
  new ResizeObserver(still).observe(canvas);
}

function draw(canvas: HTMLCanvasElement, sample: Sample, seconds: number): void {
  const context = fitted(canvas);
  if (context === null) return;
  const [width, height] = SAMPLE_SIZE;
  const zoom = Math.min(canvas.clientHeight / height, canvas.clientWidth / SHOWN_WIDTH);
  context.translate((canvas.clientWidth - width * zoom) / 2, (canvas.clientHeight - height * zoom) / 2);
  context.scale(zoom, zoom);
  for (const figure of peopleAt(sample, seconds)) drawFigure(context, figure, palette());
}
