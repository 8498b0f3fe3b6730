/** What the server says of its model, over HTTP. */

export interface ServedModel {
  readonly name: string;
  readonly version: string;
  /** Of its weights: what was taught means something to these alone. */
  readonly weights: string;
  readonly labels: readonly string[];
  /** Whether it reads keypoints of pictures, or positions in metres. */
  readonly reads: "pictures" | "metres";
  readonly layout: string;
  readonly providers: readonly string[];
  /** Why it takes no pictures, null where it does. */
  readonly imagesRefused: string | null;
}

interface Reply {
  readonly spec: {
    readonly name: string;
    readonly version: string;
    readonly labels: readonly string[];
    readonly layout: string;
    readonly normalisation: string;
    readonly provenance: { readonly checkpoint_sha256: string };
  };
  readonly providers: readonly string[];
  readonly images: { readonly taken: boolean; readonly reason: string | null };
}

const OF_PICTURES: ReadonlySet<string> = new Set([
  "coco17",
  "blazepose33",
  "halpe26",
  "openpose18",
  "body25",
  "body13",
]);

/** Asks the server; throws where it does not answer. */
export async function servedModel(): Promise<ServedModel> {
  const reply = await fetch("v1/model");
  if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
  const { spec, providers, images } = (await reply.json()) as Reply;
  return {
    name: spec.name,
    version: spec.version,
    weights: spec.provenance.checkpoint_sha256.slice(0, 16),
    labels: spec.labels,
    reads: spec.normalisation.endsWith("2d") || OF_PICTURES.has(spec.layout) ? "pictures" : "metres",
    layout: spec.layout,
    providers,
    imagesRefused: images.taken ? null : images.reason,
  };
}
