/**
 * A figure: the posture of a body as a few numbers, and from it the joints in space.
 *
 * Bodies are measured to the person's left, up and forward; space is that of a depth camera (x to the
 * camera's left, y up, z away from it), so a person at `yaw` 0 faces the camera.
 */

import { add, mix, mixed, reach, scale, type Vector } from "./vector";

/** A posture; lengths in metres, angles in radians. */
export interface Posture {
  /** Of the pelvis above the ground. */
  readonly pelvis: number;
  /** Of the pelvis, left and forward of where the person stands. */
  readonly shift: readonly [number, number];
  /** Of the whole body, from the person's place: to the camera's left, away from it. */
  readonly travel: readonly [number, number];
  /** Of the torso, forward and to the left. */
  readonly lean: readonly [number, number];
  /** Of the whole body about the vertical. */
  readonly yaw: number;
  /** Wrists from their shoulders: outward, up, forward. */
  readonly leftWrist: Vector;
  readonly rightWrist: Vector;
  /** Ankles from below the pelvis's rest: outward, up, forward. */
  readonly leftAnkle: Vector;
  readonly rightAnkle: Vector;
}

export const STANDING: Posture = {
  pelvis: 0.93,
  shift: [0, 0],
  travel: [0, 0],
  lean: [0.03, 0],
  yaw: 0,
  leftWrist: [0.1, -0.51, 0.07],
  rightWrist: [0.1, -0.51, 0.07],
  leftAnkle: [0.13, 0.08, 0],
  rightAnkle: [0.13, 0.08, 0],
};

export type Joints = Readonly<Record<JointName, Vector>>;
export type JointName =
  | "pelvis"
  | "spine"
  | "thorax"
  | "head"
  | "nose"
  | `${"left" | "right"}_${"eye" | "ear" | "shoulder" | "elbow" | "wrist" | "hand" | "hip" | "knee" | "ankle" | "foot"}`;

const HIP = 0.1;
const SHOULDER = 0.185;
const UPPER_ARM = 0.29;
export const FOREARM = 0.26;
const THIGH = 0.44;
const SHIN = 0.43;

/** Returns a posture between two others. */
export function between(a: Posture, b: Posture, share: number): Posture {
  return {
    pelvis: mix(a.pelvis, b.pelvis, share),
    shift: [mix(a.shift[0], b.shift[0], share), mix(a.shift[1], b.shift[1], share)],
    travel: [mix(a.travel[0], b.travel[0], share), mix(a.travel[1], b.travel[1], share)],
    lean: [mix(a.lean[0], b.lean[0], share), mix(a.lean[1], b.lean[1], share)],
    yaw: mix(a.yaw, b.yaw, share),
    leftWrist: mixed(a.leftWrist, b.leftWrist, share),
    rightWrist: mixed(a.rightWrist, b.rightWrist, share),
    leftAnkle: mixed(a.leftAnkle, b.leftAnkle, share),
    rightAnkle: mixed(a.rightAnkle, b.rightAnkle, share),
  };
}

/**
 * Returns where a body's joints are in space.
 *
 * @param posture of the body.
 * @param place on the ground: x to the camera's left, z away from it.
 */
export function jointsOf(posture: Posture, place: readonly [number, number]): Joints {
  const [forward, aside] = posture.lean;
  const pelvis: Vector = [posture.shift[0], posture.pelvis, posture.shift[1]];
  const up: Vector = [Math.sin(aside), Math.cos(forward) * Math.cos(aside), Math.sin(forward)];
  const front: Vector = [0, -Math.sin(forward), Math.cos(forward)];
  const onTorso = (left: number, height: number, ahead = 0): Vector =>
    add(add(pelvis, scale(up, height)), add([left * Math.cos(aside), -left * Math.sin(aside), 0], scale(front, ahead)));
  const body: Record<string, Vector> = {
    pelvis,
    spine: onTorso(0, 0.24),
    thorax: onTorso(0, 0.5),
    head: onTorso(0, 0.69, 0.03),
    nose: onTorso(0, 0.69, 0.13),
  };
  for (const [side, sign] of [
    ["left", 1],
    ["right", -1],
  ] as const) {
    const wrist = posture[`${side}Wrist`];
    const ankle = posture[`${side}Ankle`];
    const shoulder = onTorso(sign * SHOULDER, 0.47);
    const hand = add(shoulder, [sign * wrist[0], wrist[1], wrist[2]]);
    const [elbow, end] = reach(shoulder, hand, UPPER_ARM, FOREARM, [sign * 0.55, -0.6, -0.6]);
    const hip = add(pelvis, [sign * HIP, -0.03, 0]);
    const [knee, foot] = reach(hip, [sign * ankle[0], ankle[1], ankle[2]], THIGH, SHIN, [sign * 0.15, 0.05, 1]);
    Object.assign(body, {
      [`${side}_eye`]: onTorso(sign * 0.032, 0.72, 0.11),
      [`${side}_ear`]: onTorso(sign * 0.075, 0.7, 0.03),
      [`${side}_shoulder`]: shoulder,
      [`${side}_elbow`]: elbow,
      [`${side}_wrist`]: end,
      [`${side}_hand`]: add(end, scale([end[0] - elbow[0], end[1] - elbow[1], end[2] - elbow[2]], 0.3)),
      [`${side}_hip`]: hip,
      [`${side}_knee`]: knee,
      [`${side}_ankle`]: foot,
      [`${side}_foot`]: add(foot, [sign * 0.03, -0.05, 0.13]),
    });
  }
  const where = [place[0] + posture.travel[0], place[1] + posture.travel[1]] as const;
  return Object.fromEntries(
    Object.entries(body).map(([name, point]) => [name, inSpace(point, posture.yaw, where)]),
  ) as Joints;
}

function inSpace([left, up, ahead]: Vector, yaw: number, [x, z]: readonly [number, number]): Vector {
  const sine = Math.sin(yaw);
  const cosine = Math.cos(yaw);
  return [x - left * cosine - ahead * sine, up, z + left * sine - ahead * cosine];
}
