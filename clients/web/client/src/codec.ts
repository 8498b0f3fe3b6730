/** Messages as MessagePack, keypoints as raw float32. Knows bytes, no socket. */

import { decode as unpack, encode as pack } from "@msgpack/msgpack";

import type { ClientMessage, ServerMessage } from "./messages.js";

/** One person of a frame: V rows of x, y, score (metres: x, y, z, score), flat or nested. */
export interface Person {
  readonly keypoints: Float32Array | readonly (readonly number[])[];
  /** Given for all people of a frame or for none; without it the server follows them. */
  readonly id?: number;
}

export function encode(message: ClientMessage): Uint8Array<ArrayBuffer> {
  return pack(message, { ignoreUndefined: true });
}

/** Returns a pose message's bytes; its keypoints travel as little-endian float32. */
export function encodePose(tMs: number, people: readonly Person[]): Uint8Array<ArrayBuffer> {
  const rows = people.map(({ keypoints, id }) => ({
    keypoints: bytesOf(keypoints),
    ...(id === undefined ? {} : { id }),
  }));
  return encode({ type: "pose", t_ms: tMs, people: rows });
}

/** Returns a message of the server, or null for a type that a newer server may have added. */
export function decode(data: ArrayBuffer | string): ServerMessage | null {
  const message: unknown = typeof data === "string" ? JSON.parse(data) : unpack(new Uint8Array(data));
  if (typeof message !== "object" || message === null || !("type" in message)) {
    throw new TypeError("the server sent something that is no message of posewire");
  }
  return KNOWN.has(String(message.type)) ? (message as ServerMessage) : null;
}

const KNOWN: ReadonlySet<string> = new Set<ServerMessage["type"]>([
  "welcome",
  "actions",
  "event",
  "pose",
  "taught",
  "notice",
  "error",
]);

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function bytesOf(keypoints: Person["keypoints"]): Uint8Array {
  const values = keypoints instanceof Float32Array ? keypoints : Float32Array.from(keypoints.flat());
  if (LITTLE_ENDIAN) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const view = new DataView(new ArrayBuffer(values.byteLength));
  values.forEach((value, place) => view.setFloat32(4 * place, value, true));
  return new Uint8Array(view.buffer);
}
