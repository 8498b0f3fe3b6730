/** The actions that this browser taught, as the server keeps them: listed, renamed, moved elsewhere. */

import { decode, encode } from "@msgpack/msgpack";

import type { ServedModel } from "../model";
import { Hindrance } from "../sources/source";

export interface TaughtAction {
  readonly label: string;
  readonly examples: number;
}

interface TaughtFile {
  readonly actions: readonly { readonly label: string; readonly examples: readonly unknown[] }[];
}

const NAME = "posewire-taught-set";
const MEDIA_TYPE = "application/msgpack";

export class TaughtSet {
  #name = ownName();

  constructor(private readonly token: string | null) {}

  /** The set's name: this browser's own, kept between visits, and the model's weights. */
  get name(): string {
    return this.#name;
  }

  /** Another model's features mean other things, so each has a set of its own. */
  suit({ weights }: ServedModel): void {
    this.#name = [ownName(), weights].filter(Boolean).join("-");
  }

  async list(): Promise<readonly TaughtAction[]> {
    const names = (await (await this.#ask("GET", "")).json()) as readonly string[];
    const file = names.includes(this.name) ? await this.export() : null;
    if (file === null) return [];
    const { actions } = decode(file) as TaughtFile;
    return actions.map(({ label, examples }) => ({ label, examples: examples.length }));
  }

  /** Returns the set as a file, null where nothing was taught. */
  async export(): Promise<Uint8Array<ArrayBuffer> | null> {
    const reply = await this.#ask("GET", this.#path);
    return reply.status === 404 ? null : new Uint8Array(await reply.arrayBuffer());
  }

  /** Takes a file in place of what the set was; sessions know it from their next hello on. */
  async import(file: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#ask("PUT", this.#path, file);
  }

  /** Calls an action something else; under a name that is known already their examples join. */
  async rename(from: string, to: string): Promise<void> {
    const file = await this.export();
    if (file === null) return;
    const content = decode(file) as TaughtFile;
    const known = new Map<string, readonly unknown[]>();
    for (const { label, examples } of content.actions) {
      const name = label === from ? to : label;
      known.set(name, [...(known.get(name) ?? []), ...examples]);
    }
    const actions = [...known].map(([label, examples]) => ({ label, examples }));
    await this.import(encode({ ...content, actions }));
  }

  get #path(): string {
    return `/${encodeURIComponent(this.name)}`;
  }

  async #ask(method: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
    const headers: Record<string, string> = { "Content-Type": MEDIA_TYPE };
    if (this.token !== null) headers["Authorization"] = `Bearer ${this.token}`;
    const reply = await fetch(`v1/taught${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    if (reply.ok || reply.status === 404) return reply;
    const said = (await reply.json().catch(() => ({}))) as { detail?: unknown };
    const detail = typeof said.detail === "string" ? said.detail : `the server answered ${reply.status}`;
    throw new Hindrance(`The taught actions were not changed: ${detail}.`);
  }
}

function ownName(): string {
  const known = localStorage.getItem(NAME);
  if (known !== null) return known;
  const digits = crypto.getRandomValues(new Uint8Array(8));
  const name = `browser-${[...digits].map((digit) => digit.toString(16).padStart(2, "0")).join("")}`;
  localStorage.setItem(NAME, name);
  return name;
}
