/** The colours of the style sheet, for what is drawn on canvases. */

export interface Palette {
  readonly accent: string;
  /** Of lines over a picture, whose brightness nobody knows. */
  readonly overVideo: string;
  readonly onAccent: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly figure: string;
  readonly figureEdge: string;
  readonly floor: string;
}

let current: Palette | null = null;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  current = null;
});

/** Returns the colours of now, light or dark. */
export function palette(): Palette {
  if (current === null) {
    const style = getComputedStyle(document.documentElement);
    const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    current = {
      accent: read("accent"),
      overVideo: read("over-video"),
      onAccent: read("on-accent"),
      ink: read("ink"),
      muted: read("muted"),
      line: read("line"),
      surface: read("surface"),
      figure: read("figure"),
      figureEdge: read("figure-edge"),
      floor: read("floor"),
    };
  }
  return current;
}

export const FONT = '"Geist Variable", system-ui, sans-serif';

/** Fits a canvas to its place on the screen; returns its context in CSS pixels, cleared. */
export function fitted(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const ratio = Math.min(2, devicePixelRatio);
  const { clientWidth, clientHeight } = canvas;
  const width = Math.round(clientWidth * ratio);
  const height = Math.round(clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, clientWidth, clientHeight);
  return context;
}
