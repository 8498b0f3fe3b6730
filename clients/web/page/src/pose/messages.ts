/** What the page and the pose worker say to one another. */

export type ToWorker =
  | { readonly type: "start"; readonly runtime: string; readonly model: string; readonly people: number }
  | { readonly type: "look"; readonly tMs: number; readonly picture: ImageBitmap };

export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | {
      readonly type: "found";
      readonly tMs: number;
      /** A person each: rows x, y, score (33, 3) in the picture's pixels. */
      readonly people: readonly Float32Array[];
      readonly poseMs: number;
    };
