import { expect, test } from "vitest";

import { COUNT_MS, Lesson, PERFORM_MS } from "../src/teach/lesson";

test("a lesson counts down, lets perform, and asks for exactly the span that was performed", () => {
  const lesson = new Lesson("bow", 2, 1000);
  expect(lesson.at(1000)).toEqual({ kind: "count", round: 1, seconds: 3 });
  expect(lesson.at(1000 + COUNT_MS - 1)).toEqual({ kind: "count", round: 1, seconds: 1 });
  expect(lesson.at(1000 + COUNT_MS)).toEqual({ kind: "perform", round: 1, share: 0 });
  const fromMs = 1000 + COUNT_MS;
  const settle = lesson.at(fromMs + PERFORM_MS);
  expect(settle).toEqual({ kind: "settle", round: 1, span: { fromMs, toMs: fromMs + PERFORM_MS } });
});

test("each round's example is sent once, and the lesson is over after the last", () => {
  const lesson = new Lesson("bow", 2, 0);
  expect([lesson.settles(), lesson.settles()]).toEqual([true, false]);
  lesson.taken(9000);
  expect(lesson.at(9000)).toEqual({ kind: "count", round: 2, seconds: 3 });
  expect(lesson.settles()).toBe(true);
  lesson.taken(18000);
  expect(lesson.at(18000)).toEqual({ kind: "done" });
});
