/** What is said of a person, as a visitor reads it. */

import type { PersonAction } from "@posewire/client";

export interface Said {
  readonly kind: "action" | "unknown" | "background" | "warming";
  readonly title: string;
  readonly detail: string;
  /** Null where a figure would mean nothing. */
  readonly certainty: number | null;
}

export const readable = (label: string): string => {
  const words = label.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export function saidOf({ label, score, known }: PersonAction): Said {
  if (label === "warming") {
    return { kind: "warming", title: "Watching…", detail: "The model needs 16 recent frames first", certainty: null };
  }
  if (label === "background") {
    return { kind: "background", title: "Nothing in particular", detail: "None of the actions that the model knows", certainty: score };
  }
  if (!known) {
    return { kind: "unknown", title: "Unknown", detail: `Most like ${readable(label).toLowerCase()}, but not enough to say so`, certainty: score };
  }
  return { kind: "action", title: readable(label), detail: "", certainty: score };
}
