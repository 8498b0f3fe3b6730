/** The layouts that the page draws or sends: bones between places; faces are left to the picture. */

import type { JointName, Joints } from "./motion/figure";
import type { Vector } from "./motion/vector";

export interface Layout {
  readonly bones: readonly (readonly [number, number])[];
  /** Places around which a person's name is written. */
  readonly head: readonly number[];
}

const COCO_JOINTS: readonly JointName[] = [
  "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
  "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee",
  "right_knee", "left_ankle", "right_ankle",
];

const KINECT_JOINTS: readonly JointName[] = [
  "pelvis", "spine", "thorax", "head", "left_shoulder", "left_elbow", "left_wrist", "left_hand",
  "right_shoulder", "right_elbow", "right_wrist", "right_hand", "left_hip", "left_knee",
  "left_ankle", "left_foot", "right_hip", "right_knee", "right_ankle", "right_foot",
];

export const COCO17: Layout = {
  bones: [
    [5, 6], [5, 7], [7, 9], [6, 8], [8, 10], [5, 11], [6, 12], [11, 12],
    [11, 13], [13, 15], [12, 14], [14, 16],
  ],
  head: [0, 1, 2, 3, 4],
};

export const BLAZEPOSE33: Layout = {
  bones: [
    [11, 12], [11, 13], [13, 15], [12, 14], [14, 16], [11, 23], [12, 24], [23, 24],
    [23, 25], [25, 27], [24, 26], [26, 28], [15, 19], [16, 20], [27, 31], [28, 32],
  ],
  head: [0, 2, 5, 7, 8],
};

/** The picture that a sample is seen in, pixels. */
export const SAMPLE_SIZE = [960, 600] as const;

const FOCAL = 850;
const CAMERA_HEIGHT = 0.92;

/** Returns where a point in space, metres, is seen in a sample's picture, pixels. */
export function seen([x, y, z]: Vector): readonly [number, number] {
  const [width, height] = SAMPLE_SIZE;
  return [width / 2 - (FOCAL * x) / z, height / 2 + 12 - (FOCAL * (y - CAMERA_HEIGHT)) / z];
}

/** Returns rows x, y, score (17, 3) of a body in the pixels of a sample's picture. */
export function asCoco(joints: Joints): Float32Array {
  return Float32Array.from(COCO_JOINTS.flatMap((name) => [...seen(joints[name]), 1]));
}

/** Returns rows x, y, z, score (20, 4) of a body in metres before a depth camera. */
export function asKinect(joints: Joints): Float32Array {
  return Float32Array.from(
    KINECT_JOINTS.flatMap((name) => {
      const [x, y, z] = joints[name];
      // A depth camera stands at about the height of a table, and measures from itself.
      return [x, y - CAMERA_HEIGHT, z, 1];
    }),
  );
}
