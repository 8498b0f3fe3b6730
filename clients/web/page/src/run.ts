/** One source played to the server: frames out, labels in, until it is stopped. */

import { Client, type Actions, type Declaration, type Person } from "@posewire/client";

import { asCoco, asKinect, BLAZEPOSE33, COCO17, SAMPLE_SIZE, type Layout } from "./layouts";
import { Measures } from "./measures";
import type { ServedModel } from "./model";
import type { Joints } from "./motion/figure";
import { peopleAt, restsAt } from "./motion/samples";
import type { PoseFinder } from "./pose/finder";
import type { SampleSource, Source, VideoSource } from "./sources/source";

/** Who was seen in a picture, to be drawn. */
export interface Seen {
  readonly tMs: number;
  readonly layout: Layout;
  /** A person each: rows x, y, score in the picture's pixels. */
  readonly people: readonly Float32Array[];
  /** Of a sample's figures, in the same order. */
  readonly figures: readonly Joints[];
}

export interface RunHooks {
  readonly seen: (seen: Seen) => void;
  readonly labelled: (actions: Actions) => void;
  readonly hindered: (error: unknown) => void;
}

export interface Access {
  readonly taught: string;
  readonly token: string | null;
}

/** How many people are looked for in a picture, here or at the server. */
export const MOST_PEOPLE = 2;

const TOP = 5;
const SAMPLE_HZ = 30;
const REMEMBERED = 256;
const PICTURE_WIDTH = 640;
const JPEG_QUALITY = 0.82;

export class Run {
  readonly client: Client;
  readonly measures = new Measures();
  readonly size: readonly [number, number];
  readonly #begunMs = performance.now();
  /** When the newest picture was taken, on the page's clock. */
  #newestMs = this.#begunMs;
  readonly #takenMs = new Map<number, number>();
  readonly #found = new Map<number, Seen>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #stopped = false;
  /** How long a sample has played. */
  #playedMs = 0;
  #directed: "stand" | "show" | null = null;
  /** The newest frame that was answered, on the stream's clock. */
  answeredMs = 0;
  paused = false;

  /**
   * @param source what is played.
   * @param model of the server.
   * @param finder of poses, started; null sends pictures.
   */
  constructor(
    readonly source: Source,
    private readonly model: ServedModel,
    private readonly finder: PoseFinder | null,
    access: Access,
    private readonly hooks: RunHooks,
  ) {
    performance.mark("stream", { startTime: this.#begunMs });
    this.size = source.kind === "sample" ? SAMPLE_SIZE : sizeOf(source.video);
    this.client = new Client(streamAddress(), this.#declaration(access));
    this.client.on("actions", (actions) => this.#answered(actions, actions.roundTripMs));
    this.client.on("pose", ({ t_ms, people }) =>
      this.#show({
        tMs: t_ms,
        layout: BLAZEPOSE33,
        people: people.map(({ keypoints }) => Float32Array.from(keypoints.flat())),
        figures: [],
      }),
    );
    if (source.kind === "sample") this.#playSample(source);
    else this.#watch(source);
  }

  /** Whether pictures leave this machine. */
  get sendsPictures(): boolean {
    return this.source.kind !== "sample" && this.finder === null;
  }

  /** The stream's clock, ms. */
  get nowMs(): number {
    return performance.now() - this.#begunMs;
  }

  /** Who was seen at a time, as long as it is remembered. */
  seenAt(tMs: number): Seen | undefined {
    return this.#found.get(tMs);
  }

  /** @param next what plays next; a source that goes on is not let go. */
  stop(next: Source): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.client.close();
    if (this.source.kind !== "sample" && this.source !== next) this.source.release();
  }

  /** Has a sample's person stand, or show what is taught, as a lesson goes; null: as the sample goes. */
  direct(what: "stand" | "show" | null): void {
    const rests = this.source.kind === "sample" ? this.source.sample.rests : undefined;
    if (what === "show" && this.#directed !== "show" && rests !== undefined) this.#playedMs = 1000 * rests;
    this.#directed = what;
  }

  #declaration({ taught, token }: Access): Declaration {
    const common = { taught, token, options: { top_k: TOP, people: MOST_PEOPLE } };
    if (this.source.kind === "sample" && this.model.reads === "metres") {
      return { ...common, layout: "kinect20", coordinates: "metres" };
    }
    const own = this.finder === null ? "image" : "blazepose33";
    const layout = this.source.kind === "sample" ? "coco17" : own;
    return { ...common, layout, coordinates: "pixels", size: this.size };
  }

  #playSample({ sample }: SampleSource): void {
    const asRows = this.model.reads === "metres" ? asKinect : asCoco;
    let beforeMs = this.nowMs;
    const tick = (): void => {
      const tMs = this.nowMs;
      const playedMs = this.#playedMs + tMs - beforeMs;
      const begins = restsAt(sample, this.#playedMs / 1000) && !restsAt(sample, playedMs / 1000);
      if (!this.paused && !(begins && this.#directed === "stand")) this.#playedMs = playedMs;
      beforeMs = tMs;
      const figures = peopleAt(sample, this.#playedMs / 1000);
      if (!this.paused) this.#send(tMs, figures.map((figure, place) => ({ id: place + 1, keypoints: asRows(figure) })));
      this.#show({ tMs, layout: COCO17, people: figures.map(asCoco), figures });
    };
    this.#timer = setInterval(tick, 1000 / SAMPLE_HZ);
    tick();
  }

  #watch({ video, onLost }: VideoSource): void {
    onLost((hindrance) => {
      if (!this.#stopped) this.hooks.hindered(hindrance);
    });
    let arrivedMs: number | null = null;
    let busy = false;
    const look = async (): Promise<void> => {
      busy = true;
      // What arrived meanwhile is looked at now, not when the next picture comes.
      while (arrivedMs !== null && !this.#stopped && !this.paused) {
        const takenMs = arrivedMs;
        arrivedMs = null;
        await (this.finder === null ? this.#sendPicture(video, takenMs) : this.#findPose(video, takenMs, this.finder));
      }
      busy = false;
    };
    const next: VideoFrameRequestCallback = (nowMs, { captureTime }) => {
      if (this.#stopped) return;
      video.requestVideoFrameCallback(next);
      const takenMs = Math.min(captureTime ?? nowMs, performance.now());
      if (this.paused || takenMs <= this.#newestMs) return;
      this.#newestMs = takenMs;
      if (arrivedMs !== null) this.measures.skipped += 1;
      arrivedMs = takenMs;
      if (busy) return;
      look().catch((error: unknown) => {
        busy = false;
        this.hooks.hindered(error);
      });
    };
    video.requestVideoFrameCallback(next);
  }

  async #findPose(video: HTMLVideoElement, takenMs: number, finder: PoseFinder): Promise<void> {
    const tMs = takenMs - this.#begunMs;
    const [resizeWidth, resizeHeight] = this.size;
    const picture = await createImageBitmap(video, { resizeWidth, resizeHeight });
    // The finder outlives this stream, so its clock is the page's.
    const { people, poseMs } = await finder.look(takenMs, picture);
    if (this.#stopped) return;
    this.measures.pose(poseMs);
    this.#send(tMs, people.map((keypoints) => ({ keypoints })), takenMs);
    this.#show({ tMs, layout: BLAZEPOSE33, people, figures: [] });
  }

  async #sendPicture(video: HTMLVideoElement, takenMs: number): Promise<void> {
    const tMs = takenMs - this.#begunMs;
    const canvas = new OffscreenCanvas(this.size[0], this.size[1]);
    canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: JPEG_QUALITY });
    const bytes = new Uint8Array(await blob.arrayBuffer());
    if (this.#stopped) return;
    this.#remember(tMs, takenMs);
    this.client.sendImage(tMs, bytes);
  }

  #send(tMs: number, people: readonly Person[], takenMs = performance.now()): void {
    this.#remember(tMs, takenMs);
    this.client.sendPose(tMs, people);
  }

  #remember(tMs: number, takenMs: number): void {
    this.#takenMs.set(tMs, takenMs);
    forget(this.#takenMs);
  }

  #show(seen: Seen): void {
    if (!this.paused) this.measures.seen(performance.now());
    this.#found.set(seen.tMs, seen);
    forget(this.#found);
    this.hooks.seen(seen);
  }

  #answered(actions: Actions, roundTripMs: number): void {
    const { queue_ms, infer_ms } = actions.timing;
    this.answeredMs = actions.t_ms;
    const takenMs = this.#takenMs.get(actions.t_ms);
    const wholeMs = takenMs === undefined ? Number.NaN : performance.now() - takenMs;
    this.measures.answered(roundTripMs, queue_ms + infer_ms, wholeMs);
    this.hooks.labelled(actions);
  }
}

/** Pictures are looked at, and sent, no wider than this. */
function sizeOf(video: HTMLVideoElement): readonly [number, number] {
  const width = Math.min(PICTURE_WIDTH, video.videoWidth);
  return [width, Math.round((video.videoHeight * width) / video.videoWidth)];
}

function forget(remembered: Map<number, unknown>): void {
  if (remembered.size <= REMEMBERED) return;
  const [oldest] = remembered.keys();
  if (oldest !== undefined) remembered.delete(oldest);
}

function streamAddress(): string {
  const address = new URL("v1/stream", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  return address.href;
}
