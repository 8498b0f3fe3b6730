/** What the figure can do: each move is a posture at every moment since it began, in seconds. */

import { between, FOREARM, STANDING, type Posture } from "./figure";
import type { Vector } from "./vector";

export type Move = (seconds: number) => Posture;

const TURN = 2 * Math.PI;

/** 0 to 1 and back, `hz` times a second, slow at both ends. */
const swing = (seconds: number, hz: number): number => 0.5 - 0.5 * Math.cos(TURN * hz * seconds);

const posture = (change: Partial<Posture>): Posture => ({ ...STANDING, ...change });

/** A move through postures: each is reached so many seconds after the one before, slow at both ends. */
function through(...steps: readonly (readonly [number, Posture])[]): Move {
  return (t) => {
    let from = steps[0]?.[1] ?? STANDING;
    let at = t;
    for (const [lasts, to] of steps) {
      if (at < lasts) return between(from, to, smooth(at / lasts));
      at -= lasts;
      from = to;
    }
    return from;
  };
}

/** Breathing and shifting of weight, which nobody who stands is without. */
const stand: Move = (t) =>
  posture({
    pelvis: 0.928 + 0.004 * Math.sin(TURN * 0.27 * t),
    shift: [0.014 * Math.sin(TURN * 0.13 * t), 0.006 * Math.sin(TURN * 0.19 * t)],
    lean: [0.03 + 0.008 * Math.sin(TURN * 0.27 * t), 0.012 * Math.sin(TURN * 0.13 * t)],
    leftWrist: [0.1, -0.51, 0.07 + 0.01 * Math.sin(TURN * 0.27 * t)],
    rightWrist: [0.1, -0.51, 0.07 + 0.01 * Math.sin(TURN * 0.23 * t)],
  });

interface Waving {
  readonly hz: number;
  /** From the shoulder: outward, up, forward. */
  readonly elbow: Vector;
  /** Of the forearm from upright, outward: in the middle, and how far to either side. */
  readonly angle: readonly [number, number];
  /** Of the forearm from upright, forward. */
  readonly tilt: number;
  /** How far the whole arm goes along, metres. */
  readonly along: number;
}

/** Where the wrist of a waving arm is: the forearm swings about an elbow that is held up. */
function waving(seconds: number, { hz, elbow, angle, tilt, along }: Waving): Vector {
  const side = Math.sin(TURN * hz * seconds);
  const turned = angle[0] + angle[1] * side;
  const flat = FOREARM * Math.cos(tilt);
  return [
    elbow[0] + flat * Math.sin(turned) + along * side,
    elbow[1] + flat * Math.cos(turned),
    elbow[2] + FOREARM * Math.sin(tilt),
  ];
}

const wave: Move = (t) => ({
  ...stand(t),
  yaw: -0.8,
  leftWrist: waving(t, { hz: 1.2, elbow: [0.24, 0.27, 0.1], angle: [-0.3, 0.5], tilt: 0.06, along: 0.15 }),
});

const waveBoth: Move = (t) => {
  const wrist = waving(t, { hz: 1.04, elbow: [0.15, 0.12, 0.07], angle: [-0.11, 0.87], tilt: 0.39, along: 0.13 });
  return { ...stand(t), yaw: -0.21, leftWrist: wrist, rightWrist: wrist };
};

const clap: Move = (t) => {
  const apart = swing(t + 1 / 3, 1.5);
  const wrist: Vector = [-0.135 + 0.53 * apart, -0.35 + 0.02 * apart, 0.27];
  return { ...stand(t), leftWrist: wrist, rightWrist: wrist };
};

const aside = posture({ yaw: 1.44 });
const raised = posture({ yaw: 1.44, rightWrist: [0, 0.51, 0.2] });

const raise: Move = through(
  [0, aside],
  [0.87, raised],
  [0.78, { ...raised, lean: [0.08, 0.02] }],
  [0.89, aside],
);

const feetApart: Vector = [0.1, 0.08, 0];
const ahead: Vector = [0.08, 0, 0.55];
const tall = posture({ yaw: 0.88, leftWrist: ahead, rightWrist: ahead, leftAnkle: feetApart, rightAnkle: feetApart });
const low: Posture = { ...tall, pelvis: 0.42, shift: [0, -0.08], lean: [0.39, 0] };
const squatting = through([0, tall], [0.85, low], [0.12, low], [0.85, tall]);

/** Far down and up every two seconds, the arms held out before the chest. */
const squat: Move = (t) => squatting(t % 2);

const seated = posture({
  pelvis: 0.52,
  shift: [0, -0.42],
  lean: [0.08, 0],
  leftWrist: [0.0, -0.4, 0.3],
  rightWrist: [0.0, -0.4, 0.3],
  yaw: 0.6,
});

const rising = posture({ pelvis: 0.7, shift: [0, -0.24], lean: [0.6, 0], leftWrist: [0, -0.4, 0.25], rightWrist: [0, -0.4, 0.25], yaw: 0.6 });

/** Down within a second, a rest, and up again: 5 s in all, then anew. */
const sit: Move = (t) => {
  const upright = { ...stand(t), yaw: 0.6 };
  const at = t % 5;
  const down = at < 3 ? smooth(at) : 1 - smooth(at - 3);
  return down < 0.5 ? between(upright, rising, smooth(down * 2)) : between(rising, seated, smooth(down * 2 - 1));
};

const STRIDE = 0.3;
const STRIDES_A_SECOND = 0.9;
/** Feet stay where they are set down: half a turn of the legs goes two strides. */
const WALKED_A_SECOND = 4 * STRIDE * STRIDES_A_SECOND;
const ROUND = 0.9;
/** How long it takes to walk round once, seconds. */
export const ROUND_S = (TURN * ROUND) / WALKED_A_SECOND;

/** Round a circle that begins and ends at the person's place, which is its point nearest to the camera. */
const walk: Move = (t) => {
  const phase = TURN * STRIDES_A_SECOND * t;
  const foot = (at: number): Vector => [0.1, 0.08 + 0.13 * Math.max(0, Math.cos(at)), STRIDE * Math.sin(at)];
  const arm = (at: number): Vector => [0.08, -0.48, 0.06 + 0.24 * Math.sin(at)];
  const gone = TURN * (t / ROUND_S);
  return posture({
    pelvis: 0.9 + 0.022 * Math.cos(2 * phase),
    lean: [0.06, 0.02 * Math.sin(phase)],
    leftAnkle: foot(phase),
    rightAnkle: foot(phase + Math.PI),
    leftWrist: arm(phase + Math.PI),
    rightWrist: arm(phase),
    yaw: wrapped(TURN / 4 + gone),
    travel: [-ROUND * Math.sin(gone), ROUND * (1 - Math.cos(gone))],
  });
};

const bent = posture({
  pelvis: 0.67,
  lean: [0.94, -0.11],
  rightWrist: [-0.04, -0.5, 0.21],
  leftWrist: [0.04, -0.4, 0.02],
  yaw: 0.66,
});
const holding = posture({ rightWrist: [0.02, -0.38, 0.26], yaw: 0.66 });
/** Down to something low with bent knees, and up with it. */
const pickUp = through([1.31, bent], [1.05, holding], [0.9, holding]);

/** One kick in the first second and two thirds, then a rest. */
const kick: Move = (t) => {
  const out = t < 5 / 3 ? swing(t, 0.6) : 0;
  return posture({
    yaw: 1.1,
    lean: [0.02 - 0.16 * out, 0],
    rightAnkle: [0.1, 0.08 + 0.6 * out, 0.62 * out],
    leftWrist: [0.22, -0.3, 0.22],
    rightWrist: [0.22, -0.3, 0.12],
  });
};

const crouch = posture({ pelvis: 0.74, shift: [0, -0.08], lean: [0.23, 0], leftWrist: [0.1, -0.46, -0.15], rightWrist: [0.1, -0.46, -0.15] });
const tucked: Vector = [0.13, 0.38, 0];
const swung: Vector = [0.15, 0.1, 0.35];
const aloft = posture({ pelvis: 1.23, leftWrist: swung, rightWrist: swung, leftAnkle: tucked, rightAnkle: tucked });
const hop = through([0.26, crouch], [0.26, aloft], [0.24, crouch], [0.14, STANDING]);

/** Again and again, with a swing of both arms. */
const jump: Move = (t) => hop(t % 0.9);

/** The torso to either side in turn, hands on the hips. */
const bendSideways: Move = (t) => {
  const onHip: Vector = [0.14, -0.34, 0.02];
  return { ...stand(t), yaw: 0.4, lean: [0.03, 0.5 * Math.sin(TURN * 0.4 * t)], leftWrist: onHip, rightWrist: onHip };
};

export const MOVES = { stand, wave, waveBoth, clap, raise, squat, sit, walk, pickUp, kick, jump, bendSideways } as const;

/** 0…1 with a slow beginning and end. */
export function smooth(share: number): number {
  const held = Math.min(1, Math.max(0, share));
  return held * held * (3 - 2 * held);
}

/** The same direction within half a turn of 0, so that no posture between two others spins. */
const wrapped = (angle: number): number => angle - TURN * Math.round(angle / TURN);
