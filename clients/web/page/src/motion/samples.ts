/** The gallery: who does what, for how long. The same at every visit; nothing of it was recorded. */

import { between, jointsOf, type Joints } from "./figure";
import { MOVES, smooth, type Move } from "./moves";

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
  alone("medley", "Medley", 3.1, [
    ["stand", 2],
    ["wave", 4],
    ["clap", 4],
    ["raise", 4.4],
    ["squat", 4],
    ["stand", 1.6],
    ["walk", 4.4],
    ["sit", 5],
    ["kick", 4],
    ["bow", 4.8],
  ]),
  alone("wave", "Waving", 2.67, [["stand", 2], ["wave", 4]]),
  alone("clap", "Clapping", 3.4, [["stand", 2], ["clap", 4]]),
  alone("raise", "Raising arms", 4.0, [["stand", 2], ["raise", 4.4]]),
  alone("squat", "Squats", 3.1, [["stand", 2], ["squat", 4]]),
  alone("walk", "Walking", 2.28, [["stand", 2], ["walk", 5]]),
  alone("sit", "Sitting down", 4.4, [["stand", 2], ["sit", 5]]),
  {
    id: "pair",
    title: "Two people",
    still: 3.15,
    actors: [
      { place: [0.55, Z + 0.1], steps: [["stand", 2], ["waveBoth", 4], ["squat", 4]] },
      { place: [-0.55, Z + 0.1], steps: [["stand", 1], ["squat", 4], ["clap", 4], ["stand", 1]] },
    ],
  },
];

/** Returns where everybody's joints are so many seconds after a sample began; it goes round. */
export function peopleAt(sample: Sample, seconds: number): readonly Joints[] {
  return sample.actors.map(({ place, steps }) => jointsOf(postureAt(steps, seconds), place));
}

/** Returns what a sample's only person does at a moment. */
export function moveAt(sample: Sample, seconds: number): keyof typeof MOVES {
  return stepAt(sample.actors[0]?.steps ?? [], seconds).name;
}

function postureAt(steps: readonly Step[], seconds: number) {
  const { move, at, before, atBefore } = stepAt(steps, seconds);
  return at >= CROSSFADE_S ? move(at) : between(before(atBefore), move(at), smooth(at / CROSSFADE_S));
}

function stepAt(steps: readonly Step[], seconds: number) {
  const whole = steps.reduce((sum, [, lasts]) => sum + lasts, 0) || 1;
  let at = seconds % whole;
  let index = 0;
  while (index < steps.length - 1 && at >= (steps[index]?.[1] ?? 0)) at -= steps[index++]?.[1] ?? 0;
  const [name] = steps[index] ?? ["stand", 1];
  const [nameBefore, lasted] = steps[(index + steps.length - 1) % steps.length] ?? ["stand", 1];
  const move: Move = MOVES[name];
  const before: Move = MOVES[nameBefore];
  return { name, move, at, before, atBefore: lasted + at };
}
