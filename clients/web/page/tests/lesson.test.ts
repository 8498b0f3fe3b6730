import { expect, test } from "vitest";

import { COUNT_MS, FEWEST_OTHERS, Lesson, PERFORM_MS } from "../src/teach/lesson";
import { OtherMotion } from "../src/teach/other_motion";

test("a lesson counts down, lets perform, and asks for exactly the span that was performed", () => {
  const lesson = new Lesson("bow", 2);
  expect(lesson.at(1000, FEWEST_OTHERS)).toEqual({ kind: "count", round: 1, seconds: 3 });
  expect(lesson.at(1000 + COUNT_MS - 1, 50)).toEqual({ kind: "count", round: 1, seconds: 1 });
  expect(lesson.at(1000 + COUNT_MS, 50)).toEqual({ kind: "perform", round: 1, share: 0 });
  const fromMs = 1000 + COUNT_MS;
  const settle = lesson.at(fromMs + PERFORM_MS, 50);
  expect(settle).toEqual({ kind: "settle", round: 1, span: { fromMs, toMs: fromMs + PERFORM_MS }, waitedMs: 0 });
});

test("the count-down begins once there is enough to tell the action apart from", () => {
  const lesson = new Lesson("bow", 1);
  expect(lesson.at(1000, 0)).toEqual({ kind: "watch", round: 1, waitedMs: 0 });
  expect(lesson.at(6000, FEWEST_OTHERS - 1)).toEqual({ kind: "watch", round: 1, waitedMs: 5000 });
  expect(lesson.at(6100, FEWEST_OTHERS)).toEqual({ kind: "count", round: 1, seconds: 3 });
});

test("each round's example is sent once, and the lesson is over after the last", () => {
  const lesson = new Lesson("bow", 2);
  lesson.at(0, FEWEST_OTHERS);
  expect([lesson.ask(), lesson.ask(), lesson.asked]).toEqual([true, false, true]);
  lesson.taken(9000);
  expect(lesson.asked).toBe(false);
  expect(lesson.at(9000, 0)).toEqual({ kind: "count", round: 2, seconds: 3 });
  expect(lesson.ask()).toBe(true);
  lesson.taken(18000);
  expect(lesson.at(18000, 0)).toEqual({ kind: "done" });
});

test("a page that stood still for a minute has not waited for the server yet", () => {
  const lesson = new Lesson("bow", 1);
  lesson.at(0, FEWEST_OTHERS);
  expect(lesson.at(60_000, 50)).toMatchObject({ kind: "settle", waitedMs: 0 });
  expect(lesson.at(62_000, 50)).toMatchObject({ kind: "settle", waitedMs: 2000 });
});

test("other motion is the answers of the last minute that speak of somebody", () => {
  const others = new OtherMotion();
  const answer = (t_ms: number, ...labels: string[]): void => {
    const people = labels.map((label, id) => ({ id, label, score: 1, top: [], known: true }));
    others.answered({ type: "actions", t_ms, people, timing: { queue_ms: 0, infer_ms: 0 }, dropped: 0 });
  };
  answer(0, "wave");
  answer(100, "warming");
  answer(200);
  answer(300, "warming", "background");
  expect(others.frames).toBe(2);
  answer(60_100, "wave");
  expect(others.frames).toBe(2);
  others.clear();
  expect(others.frames).toBe(0);
});
