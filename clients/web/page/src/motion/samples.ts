/** The gallery: who does what, for how long. The same at every visit; nothing of it was recorded. */

import { between, jointsOf, type Joints } from "./figure";
import { MOVES, ROUND_S, smooth, type Move } from "./moves";

type Step = readonly [keyof typeof MOVES, number];

interface Actor {
  /** On the ground: x to the camera's left, z away from it, metres. */
  readonly place: readonly [number, number];
  readonly steps: readonly Step[];
}

export interface Sample {
  readonly id: string;
  readonly title: string;
  /** A moment that shows what it is, seconds. */
  readonly still: number;
  readonly actors: readonly Actor[];
  /** For so many seconds its only person stands, before what a lesson has them show. */
  readonly rests?: number;
}

const Z = 3.3;
const CROSSFADE_S = 0.45;

const alone = (id: string, title: string, still: number, steps: readonly Step[]): Sample => ({
  id,
  title,
  still,
  actors: [{ place: [0, Z], steps }],
});

export const SAMPLES: readonly Sample[] = [
  alone("medley", "Medley", 2.6, [
    ["stand", 1.6],
    ["wave", 4],
    ["stand", 1.4],
    ["clap", 3.6],
    ["stand", 1.4],
    ["raise", 2.6],
    ["squat", 4],
    ["stand", 1.4],
    ["walk", ROUND_S],
    ["stand", 1],
    ["pickUp", 3.26],
    ["sit", 5],
    ["kick", 2.4],
    ["stand", 1],
    ["jump", 3.6],
  ]),
  alone("wave", "Waving", 2.67, [["stand", 1.6], ["wave", 6]]),
  alone("clap", "Clapping", 2.4, [["stand", 1.6], ["clap", 3.6]]),
  alone("raise", "Raising an arm", 2.6, [["stand", 1.4], ["raise", 2.6]]),
  alone("walk", "Walking", 2.5, [["walk", ROUND_S]]),
  alone("sit", "Sitting down", 4.4, [["stand", 2], ["sit", 5]]),
  alone("pick-up", "Picking up", 2.5, [["stand", 1.6], ["pickUp", 3.26]]),
  alone("squat", "Squatting", 2.6, [["stand", 1.6], ["squat", 4]]),
  alone("kick", "Kicking", 2.2, [["stand", 1.5], ["kick", 2.4]]),
  alone("jump", "Jumping", 2.08, [["stand", 1.5], ["jump", 3.6]]),
  { ...alone("side-bends", "Bending sideways", 3.6, [["stand", 3], ["bendSideways", 2.5]]), rests: 3 },
  {
    id: "pair",
    title: "Two people",
    still: 3.15,
    actors: [
      { place: [0.55, Z + 0.1], steps: [["stand", 1.4], ["waveBoth", 2.9], ["stand", 1.7], ["squat", 4], ["stand", 1]] },
      { place: [-0.55, Z + 0.1], steps: [["stand", 0.8], ["squat", 4], ["stand", 1.4], ["clap", 3.6], ["stand", 2.2]] },
    ],
  },
];

/** Returns where everybody's joints are so many seconds after a sample began; it goes round. */
export function peopleAt(sample: Sample, seconds: number): readonly Joints[] {
  return sample.actors.map(({ place, steps }) => jointsOf(postureAt(steps, seconds), place));
}

/** Whether a sample's only person stands, before they show what may be taught. */
export function restsAt({ actors, rests = 0 }: Sample, seconds: number): boolean {
  return seconds % lengthOf(actors[0]?.steps ?? []) < rests;
}

function postureAt(steps: readonly Step[], seconds: number) {
  const { move, at, before, atBefore } = stepAt(steps, seconds);
  // Nothing came before the first step of the first round.
  return at >= CROSSFADE_S || seconds < CROSSFADE_S ? move(at) : between(before(atBefore), move(at), smooth(at / CROSSFADE_S));
}

function stepAt(steps: readonly Step[], seconds: number) {
  let at = seconds % lengthOf(steps);
  let index = 0;
  while (index < steps.length - 1 && at >= (steps[index]?.[1] ?? 0)) at -= steps[index++]?.[1] ?? 0;
  const [name] = steps[index] ?? ["stand", 1];
  const [nameBefore, lasted] = steps[(index + steps.length - 1) % steps.length] ?? ["stand", 1];
  const move: Move = MOVES[name];
  const before: Move = MOVES[nameBefore];
  return { move, at, before, atBefore: lasted + at };
}

const lengthOf = (steps: readonly Step[]): number => steps.reduce((sum, [, lasts]) => sum + lasts, 0) || 1;
