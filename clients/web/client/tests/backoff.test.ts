import { expect, test } from "vitest";

import { Backoff } from "../src/backoff.js";

test("waits double up to the longest, then end; what proved itself begins anew", () => {
  const backoff = new Backoff({ firstMs: 100, longestMs: 350, attempts: 4 }, () => 1);
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([100, 200, 350, 350, null]);
  backoff.proved();
  expect(backoff.next()).toBe(100);
});

test("jitter takes away at most half", () => {
  const backoff = new Backoff({ firstMs: 100, longestMs: 350, attempts: 4 }, () => 0);
  expect(backoff.next()).toBe(50);
});
