/** The list of taught actions: rename, delete, export, import. */

import { Hindrance } from "../sources/source";
import { byId, made } from "../views/element";
import type { TaughtAction, TaughtSet } from "./taught_set";

export interface TaughtHooks {
  /** The set has changed behind the stream's back: it begins anew. */
  readonly changed: () => void;
  readonly forget: (label: string) => void;
  readonly hindered: (error: unknown) => void;
}

export class TaughtList {
  readonly #list = byId("taught");
  readonly #none = byId("none-taught");
  readonly #export = byId<HTMLButtonElement>("export");
  #labels: ReadonlySet<string> = new Set();

  constructor(
    private readonly set: TaughtSet,
    private readonly hooks: TaughtHooks,
  ) {
    this.#export.addEventListener("click", () => this.#try(() => this.#save()));
    byId<HTMLInputElement>("import").addEventListener("change", ({ target }) => {
      const input = target as HTMLInputElement;
      const [file] = input.files ?? [];
      input.value = "";
      if (file !== undefined) this.#try(() => this.#import(file));
    });
  }

  /** The labels that were taught. */
  get labels(): ReadonlySet<string> {
    return this.#labels;
  }

  /** Asks the server for the set and shows it. */
  refresh(): void {
    this.#try(async () => this.#show(await this.set.list()));
  }

  #show(actions: readonly TaughtAction[]): void {
    this.#labels = new Set(actions.map(({ label }) => label));
    this.#none.hidden = actions.length > 0;
    this.#export.disabled = actions.length === 0;
    const focused = [...this.#list.children].findIndex((row) => row.contains(document.activeElement));
    this.#list.replaceChildren(...actions.map((action) => this.#row(action)));
    // Who works with the keyboard stays where they were.
    if (focused < 0) return;
    const row = this.#list.children[Math.min(focused, actions.length - 1)];
    (row?.querySelector("input") ?? byId("teach-label")).focus();
  }

  #row({ label, examples }: TaughtAction): HTMLElement {
    const row = made("li", "taught-action");
    const name = made("input");
    name.value = label;
    name.maxLength = 40;
    name.setAttribute("aria-label", `Name of ${label}`);
    name.addEventListener("change", () => {
      const to = name.value.trim();
      if (to === "" || to === label) name.value = label;
      else {
        this.#try(() =>
          this.#rename(label, to).catch((error: unknown) => {
            name.value = label;
            throw error;
          }),
        );
      }
    });
    const remove = made("button", "quiet", "Delete");
    remove.type = "button";
    remove.setAttribute("aria-label", `Delete ${label}`);
    remove.addEventListener("click", () => this.#try(async () => this.hooks.forget(label)));
    row.append(name, made("span", "count", examples === 1 ? "1 example" : `${examples} examples`), remove);
    return row;
  }

  async #rename(from: string, to: string): Promise<void> {
    await this.set.rename(from, to);
    this.hooks.changed();
    this.refresh();
  }

  async #save(): Promise<void> {
    const file = await this.set.export();
    if (file === null) return;
    const address = URL.createObjectURL(new Blob([file], { type: "application/msgpack" }));
    const link = made("a");
    Object.assign(link, { href: address, download: "taught-actions.posewire" });
    link.click();
    URL.revokeObjectURL(address);
  }

  async #import(file: File): Promise<void> {
    if (file.size > 64 << 20) throw new Hindrance(`${file.name} is too large to be a set of taught actions.`);
    await this.set.import(new Uint8Array(await file.arrayBuffer()));
    this.hooks.changed();
    this.refresh();
  }

  #try(change: () => Promise<void>): void {
    change().catch((error: unknown) => {
      this.hooks.hindered(error);
    });
  }
}
