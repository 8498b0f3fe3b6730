import { describe, expect, test } from "vitest";

import { asCoco, asKinect, SAMPLE_SIZE, seen } from "../src/layouts";
import { SAMPLES, peopleAt } from "../src/motion/samples";
import { length, reach, subtract } from "../src/motion/vector";

const every = SAMPLES.flatMap((sample) =>
  Array.from({ length: 400 }, (_, frame) => [sample, frame / 10] as const),
);

describe("samples", () => {
  test("bones keep their lengths whatever the figure does", () => {
    const wrong = every.flatMap(([sample, seconds]) =>
      peopleAt(sample, seconds).filter(
        (joints) =>
          Math.abs(length(subtract(joints.left_elbow, joints.left_shoulder)) - 0.29) > 1e-6 ||
          Math.abs(length(subtract(joints.right_knee, joints.right_hip)) - 0.44) > 1e-6,
      ),
    );
    expect(wrong).toEqual([]);
  });

  test("nobody leaves the picture or jumps within it", () => {
    const faults = every.flatMap(([sample, seconds]) => {
      const before = peopleAt(sample, seconds);
      const after = peopleAt(sample, seconds + 1 / 30);
      return before.flatMap((joints, place) =>
        Object.entries(joints).flatMap(([name, point]) => {
          const [x, y] = seen(point);
          const inside = x > 0 && x < SAMPLE_SIZE[0] && y > 0 && y < SAMPLE_SIZE[1];
          const moved = length(subtract(after[place]![name as keyof typeof joints], point));
          return inside && moved < 0.3 ? [] : [`${sample.id} ${seconds} s ${name}: ${x} ${y} ${moved}`];
        }),
      );
    });
    expect(faults).toEqual([]);
  });

  test("a person who faces the camera has their left on the picture's right, and on a depth camera's right", () => {
    const [joints] = peopleAt(SAMPLES[1]!, 0.5);
    const coco = asCoco(joints!);
    expect(coco[5 * 3]! > coco[6 * 3]!).toBe(true);
    const kinect = asKinect(joints!);
    expect(kinect[4 * 4]! < kinect[8 * 4]!).toBe(true);
  });
});

test("a limb of two bones ends where it reaches for", () => {
  const [middle, end] = reach([0, 0, 0], [0.3, 0.2, 0.1], 0.29, 0.26, [0, -1, 0]);
  expect(end[0]).toBeCloseTo(0.3, 9);
  expect(length(subtract(end, middle))).toBeCloseTo(0.26, 9);
});
