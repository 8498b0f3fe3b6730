/** Prints every sample as the page sends it, for the tests that ask a model what it shows. */

import { asCoco, SAMPLE_SIZE } from "../src/layouts";
import { peopleAt, SAMPLES } from "../src/motion/samples";

const HZ = 30;
const SECONDS = 14;

const moments = Array.from({ length: HZ * SECONDS }, (_, frame) => frame / HZ);
const samples = SAMPLES.map((sample) => ({
  id: sample.id,
  frames: moments.map((seconds) => peopleAt(sample, seconds).map((joints) => [...asCoco(joints)])),
}));
console.log(JSON.stringify({ hz: HZ, size: SAMPLE_SIZE, samples }));
