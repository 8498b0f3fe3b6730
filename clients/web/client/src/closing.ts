/** Why a connection ended, as an error that says what to do. Knows closing codes, no socket. */

export type Reason =
  | "not-allowed"
  | "too-large"
  | "failed"
  | "restart"
  | "full"
  | "protocol"
  | "moved"
  | "unreachable"
  | "lost";

/** A stream that ended, or could not begin; its message is one sentence. */
export class PosewireError extends Error {
  override readonly name = "PosewireError";

  /**
   * @param reason what it was, for programs.
   * @param message what it was, for people: the server's own sentence where it sent one.
   * @param again whether connecting again may help.
   * @param code of the closing, 1006 where there was none.
   */
  constructor(
    readonly reason: Reason,
    message: string,
    readonly again: boolean,
    readonly code: number = 1006,
  ) {
    super(message);
  }
}

const CODES: Readonly<Record<number, readonly [Reason, string, boolean]>> = {
  1007: ["protocol", "the server could not read a message", false],
  1008: ["not-allowed", "the server does not allow this page or this token", false],
  1009: ["too-large", "a message was larger than the server takes", false],
  1011: ["failed", "the server failed", true],
  1012: ["restart", "the server is being restarted", true],
  1013: ["full", "the server is full", true],
  4400: ["protocol", "the server refused what was sent", false],
  4409: ["moved", "the stream was taken up in another connection", false],
};

/**
 * Returns the error of a connection that closed without having been asked to.
 *
 * @param code of the closing.
 * @param reason of the closing; at most 123 bytes fit into it.
 * @param said the server's last fatal error, in full.
 * @param opened whether the server had welcomed the stream.
 */
export function errorOf(code: number, reason: string, said: string | null, opened: boolean): PosewireError {
  const known = CODES[code];
  if (known !== undefined) return new PosewireError(known[0], said ?? (reason || known[1]), known[2], code);
  if (!opened) return new PosewireError("unreachable", "the server does not answer", true, code);
  return new PosewireError("lost", said ?? (reason || "the connection was lost"), true, code);
}
