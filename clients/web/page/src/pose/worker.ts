/** Finds poses in pictures, beside the page's own thread. */

import { FilesetResolver, PoseLandmarker } from "@mediapipe/tasks-vision";

import type { FromWorker, ToWorker } from "./messages";
import { stayAtHome } from "./own_origin";

stayAtHome();

let landmarker: PoseLandmarker | null = null;

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  try {
    if (data.type === "start") await start(data.runtime, data.model, data.people);
    else look(data.tMs, data.picture);
  } catch (error) {
    say({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
};

async function start(runtime: string, model: string, people: number): Promise<void> {
  const files = await FilesetResolver.forVisionTasks(runtime);
  landmarker = await PoseLandmarker.createFromOptions(files, {
    baseOptions: { modelAssetPath: model, delegate: "CPU" },
    runningMode: "VIDEO",
    numPoses: people,
  });
  say({ type: "ready" });
}

function look(tMs: number, picture: ImageBitmap): void {
  const begun = performance.now();
  try {
    const found = landmarker?.detectForVideo(picture, tMs).landmarks ?? [];
    const people = found.map((marks) =>
      Float32Array.from(marks.flatMap(({ x, y, visibility }) => [x * picture.width, y * picture.height, visibility])),
    );
    say({ type: "found", tMs, people, poseMs: performance.now() - begun });
  } finally {
    // Also where no pose could be looked for: it keeps its memory until then.
    picture.close();
  }
}

function say(message: FromWorker): void {
  self.postMessage(message);
}
