/** Where movement comes from. */

import type { Sample } from "../motion/samples";

export interface SampleSource {
  readonly kind: "sample";
  readonly sample: Sample;
}

export interface VideoSource {
  readonly kind: "camera" | "file";
  readonly title: string;
  readonly video: HTMLVideoElement;
  readonly release: () => void;
  /** Has it be told once no further picture will come. */
  readonly onLost: (told: (hindrance: Hindrance) => void) => void;
}

export type Source = SampleSource | VideoSource;

/** Lets a source go that will not play: its camera's light goes out. */
export function release(source: Source | null): void {
  if (source !== null && source.kind !== "sample") source.release();
}

/** Something that a visitor is told, and what to do about it. */
export class Hindrance extends Error {
  override readonly name = "Hindrance";
}
