import { expect, test } from "vitest";

import { Timeline } from "../src/timeline";

const answer = (tMs: number, label: string, known = true) => ({
  type: "actions" as const,
  t_ms: tMs,
  people: [{ id: 1, label, score: 0.9, top: [], known }],
  timing: { queue_ms: 0, infer_ms: 1 },
  dropped: 0,
});
const event = (kind: "start" | "end", tMs: number) =>
  ({ type: "event", event: kind, person: 1, label: "wave", t_ms: tMs, score: 0.9 }) as const;

test("moments of one kind are one span, and a silence parts them", () => {
  const timeline = new Timeline();
  for (const tMs of [0, 100, 200]) timeline.answer(answer(tMs, "background"));
  timeline.answer(answer(300, "wave", false));
  timeline.answer(answer(2000, "wave", false));
  expect(timeline.moments.map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs])).toEqual([
    ["background", 0, 200],
    ["unknown", 300, 300],
    ["unknown", 2000, 2000],
  ]);
});

test("what ended more than 30 s ago is forgotten, what lasts is not", () => {
  const timeline = new Timeline();
  timeline.event(event("start", 0));
  timeline.event(event("end", 1000));
  timeline.event(event("start", 2000));
  timeline.answer(answer(40_000, "wave"));
  expect(timeline.segments).toEqual([{ person: 1, label: "wave", fromMs: 2000, toMs: null }]);
});

test("what is open when the stream begins anew ends with the newest answer", () => {
  const timeline = new Timeline();
  timeline.event(event("start", 100));
  timeline.answer(answer(900, "wave"));
  timeline.cut();
  expect(timeline.segments[0]?.toMs).toBe(900);
});
