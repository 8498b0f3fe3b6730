/** What the figure can do: each move is a posture at every moment since it began, in seconds. */

import { between, STANDING, type Posture } from "./figure";

export type Move = (seconds: number) => Posture;

const TURN = 2 * Math.PI;

/** 0 to 1 and back, `hz` times a second, slow at both ends. */
const swing = (seconds: number, hz: number): number => 0.5 - 0.5 * Math.cos(TURN * hz * seconds);

const posture = (change: Partial<Posture>): Posture => ({ ...STANDING, ...change });

/** Breathing and shifting of weight, which nobody who stands is without. */
const stand: Move = (t) =>
  posture({
    pelvis: 0.928 + 0.004 * Math.sin(TURN * 0.27 * t),
    shift: [0.014 * Math.sin(TURN * 0.13 * t), 0.006 * Math.sin(TURN * 0.19 * t)],
    lean: [0.03 + 0.008 * Math.sin(TURN * 0.27 * t), 0.012 * Math.sin(TURN * 0.13 * t)],
    leftWrist: [0.1, -0.51, 0.07 + 0.01 * Math.sin(TURN * 0.27 * t)],
    rightWrist: [0.1, -0.51, 0.07 + 0.01 * Math.sin(TURN * 0.23 * t)],
  });

const wave: Move = (t) => ({
  ...stand(t),
  rightWrist: [0.2 + 0.16 * Math.sin(TURN * 1.5 * t), 0.36, 0.12],
});

const waveBoth: Move = (t) => ({
  ...stand(t),
  rightWrist: [0.2 + 0.16 * Math.sin(TURN * 1.4 * t), 0.38, 0.1],
  leftWrist: [0.2 - 0.16 * Math.sin(TURN * 1.4 * t), 0.38, 0.1],
});

const clap: Move = (t) => {
  const apart = 0.02 + 0.2 * swing(t, 1.9);
  const wrist = [apart - 0.185, -0.08, 0.36] as const;
  return { ...stand(t), leftWrist: wrist, rightWrist: wrist };
};

const raise: Move = (t) => {
  const angle = -1.35 + 2.7 * swing(t, 0.45);
  const wrist = [0.53 * Math.cos(angle), 0.53 * Math.sin(angle), 0.03] as const;
  return { ...stand(t), leftWrist: wrist, rightWrist: wrist };
};

const squat: Move = (t) => {
  const depth = swing(t, 0.5);
  const wrist = [0.02, -0.5 + 0.42 * depth, 0.07 + 0.4 * depth] as const;
  return posture({
    pelvis: 0.93 - 0.42 * depth,
    shift: [0, -0.24 * depth],
    lean: [0.03 + 0.62 * depth, 0],
    leftWrist: wrist,
    rightWrist: wrist,
    leftAnkle: [0.2, 0.08, 0],
    rightAnkle: [0.2, 0.08, 0],
  });
};

const seated = posture({
  pelvis: 0.52,
  shift: [0, -0.42],
  lean: [0.08, 0],
  leftWrist: [0.0, -0.4, 0.3],
  rightWrist: [0.0, -0.4, 0.3],
  yaw: 0.7,
});

const rising = posture({ pelvis: 0.7, shift: [0, -0.24], lean: [0.6, 0], leftWrist: [0, -0.4, 0.25], rightWrist: [0, -0.4, 0.25], yaw: 0.7 });

/** Down within 1.2 s, a rest, and up again: 5 s in all, then anew. */
const sit: Move = (t) => {
  const upright = { ...stand(t), yaw: 0.7 };
  const at = t % 5;
  const down = at < 2.8 ? smooth(at / 1.2) : 1 - smooth((at - 2.8) / 1.2);
  return down < 0.5 ? between(upright, rising, smooth(down * 2)) : between(rising, seated, smooth(down * 2 - 1));
};

const walk: Move = (t) => {
  const phase = TURN * 0.9 * t;
  const foot = (at: number): readonly [number, number, number] => [
    0.1,
    0.08 + 0.13 * Math.max(0, Math.cos(at)),
    0.3 * Math.sin(at),
  ];
  const arm = (at: number): readonly [number, number, number] => [0.08, -0.48, 0.06 + 0.24 * Math.sin(at)];
  return posture({
    pelvis: 0.9 + 0.022 * Math.cos(2 * phase),
    lean: [0.06, 0.02 * Math.sin(phase)],
    leftAnkle: foot(phase),
    rightAnkle: foot(phase + Math.PI),
    leftWrist: arm(phase + Math.PI),
    rightWrist: arm(phase),
    yaw: 0.95,
  });
};

const bow: Move = (t) => {
  const depth = swing(t, 0.42);
  return posture({
    lean: [0.03 + 1.05 * depth, 0],
    shift: [0, -0.16 * depth],
    yaw: 0.75,
    leftWrist: [0.06, -0.5, 0.07 + 0.04 * depth],
    rightWrist: [0.06, -0.5, 0.07 + 0.04 * depth],
  });
};

const kick: Move = (t) => {
  const out = swing(t, 0.75);
  return posture({
    yaw: 0.8,
    lean: [0.02 - 0.16 * out, 0],
    rightAnkle: [0.1, 0.08 + 0.55 * out, 0.62 * out],
    leftWrist: [0.22, -0.3, 0.22],
    rightWrist: [0.22, -0.3, 0.12],
  });
};

export const MOVES = { stand, wave, waveBoth, clap, raise, squat, sit, walk, bow, kick } as const;

/** 0…1 with a slow beginning and end. */
export function smooth(share: number): number {
  const held = Math.min(1, Math.max(0, share));
  return held * held * (3 - 2 * held);
}
