import { describe, expect, test } from "vitest";

import { asCoco, asKinect, SAMPLE_SIZE, seen } from "../src/layouts";
import { SAMPLES, peopleAt } from "../src/motion/samples";
import { length, reach, subtract } from "../src/motion/vector";

const every = SAMPLES.flatMap((sample) =>
  Array.from({ length: 400 }, (_, frame) => [sample, frame / 10] as const),
);

describe("samples", () => {
  test("bones keep their lengths whatever the figure does", () => {
    for (const [sample, seconds] of every) {
      for (const joints of peopleAt(sample, seconds)) {
        expect(length(subtract(joints.left_elbow, joints.left_shoulder))).toBeCloseTo(0.29, 6);
        expect(length(subtract(joints.right_knee, joints.right_hip))).toBeCloseTo(0.44, 6);
      }
    }
  });

  test("nobody leaves the picture or jumps within it", () => {
    for (const [sample, seconds] of every) {
      const before = peopleAt(sample, seconds);
      const after = peopleAt(sample, seconds + 1 / 30);
      before.forEach((joints, place) => {
        for (const [name, point] of Object.entries(joints)) {
          const [x, y] = seen(point);
          expect(x > 0 && x < SAMPLE_SIZE[0] && y > 0 && y < SAMPLE_SIZE[1], `${sample.id} ${seconds} ${name}`).toBe(true);
          const moved = length(subtract(after[place]![name as keyof typeof joints], point));
          expect(moved, `${sample.id} ${seconds} ${name}`).toBeLessThan(0.3);
        }
      });
    }
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
