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
}

export type Source = SampleSource | VideoSource;

/** Something that a visitor is told, and what to do about it. */
export class Hindrance extends Error {
  override readonly name = "Hindrance";
}
