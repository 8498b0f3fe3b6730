/** What the stream costs and who answers, in figures. */

import type { ServedModel } from "../model";
import type { Run } from "../run";
import { readable } from "../saying";
import { byId } from "./element";

const NONE = "–";

export class Panel {
  describe(model: ServedModel): void {
    byId("model-name").textContent = `${model.name} ${model.version}`;
    byId("model-reads").textContent =
      model.reads === "pictures" ? `${model.layout}, from pictures` : `${model.layout}, in metres`;
    byId("model-provider").textContent = model.providers
      .map((name) => name.replace("ExecutionProvider", ""))
      .join(", ");
    const known = model.labels.filter((label) => label !== "background");
    byId("model-labels").textContent = `${known.length} actions`;
    byId("model-label-names").textContent = known.map(readable).join(", ");
  }

  show(run: Run): void {
    const { measures, client } = run;
    const { counts } = client;
    const here = run.source.kind !== "sample";
    byId("pose-ms").textContent = here ? ms(measures.poseMs) : NONE;
    byId("network-ms").textContent = ms(measures.networkMs);
    byId("server-ms").textContent = ms(measures.serverMs);
    byId("whole-ms").textContent = ms(measures.wholeMs);
    byId("frames-a-second").textContent = number(measures.framesASecond(performance.now()));
    byId("frames-sent").textContent = counts.sent.toLocaleString("en");
    const dropped = counts.droppedHere + counts.droppedThere;
    byId("frames-dropped").textContent = (dropped + measures.skipped).toLocaleString("en");
  }
}

function ms(value: number): string {
  if (value < 1) return "< 1 ms";
  return Number.isFinite(value) ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` : NONE;
}

function number(value: number): string {
  return Number.isFinite(value) ? value.toFixed(0) : NONE;
}
