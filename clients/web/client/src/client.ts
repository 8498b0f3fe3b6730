/**
 * One stream over all of its connections: sends frames, delivers messages, connects again.
 *
 * What a message looks like is for `codec`, what a closing code means for `closing`.
 */

import { Backoff, DEFAULT_RECONNECT, type Reconnect } from "./backoff.js";
import { errorOf, PosewireError } from "./closing.js";
import { decode, encode, encodePose, type Person } from "./codec.js";
import { Tally, type Counts } from "./counts.js";
import { Emitter } from "./emitter.js";
import type {
  ActionEvent,
  Actions,
  ClientMessage,
  ErrorMessage,
  Hello,
  Notice,
  SeenPose,
  ServerMessage,
  Taught,
  Welcome,
} from "./messages.js";
import { NewestFrame, type Frame } from "./newest.js";

/** What the frames will be: a hello without what the client itself fills in. */
export type Declaration = Omit<Hello, "type" | "version" | "resume">;

export interface ClientOptions {
  readonly reconnect?: Reconnect;
  /** Bytes that may wait in the socket before newer frames supersede older ones. */
  readonly bufferedBytes?: number;
  /** So long the server may leave a hello or a frame without any message before it counts as lost. */
  readonly silentMs?: number;
}

export type State =
  | { readonly kind: "connecting" }
  | { readonly kind: "open"; readonly welcome: Welcome }
  /** The server let go of a stream on which nothing came for too long: the next frame connects. */
  | { readonly kind: "idle" }
  | { readonly kind: "waiting"; readonly attempt: number; readonly inMs: number; readonly error: PosewireError }
  | { readonly kind: "ended"; readonly error: PosewireError | null };

export interface ClientEvents {
  actions: Actions & { readonly roundTripMs: number };
  event: ActionEvent;
  pose: SeenPose;
  taught: Taught;
  notice: Notice;
  error: ErrorMessage;
  state: State;
}

const VERSION = 1;
const PROTOCOL = 4400;
const FLUSH_MS = 15;
const BUFFERED_BYTES = 64 * 1024;
const SILENT_MS = 20_000;

/** A stream; `Client.connect` makes one that the server has welcomed. */
export class Client extends Emitter<ClientEvents> {
  readonly #tally = new Tally();
  readonly #newest = new NewestFrame();
  readonly #backoff: Backoff;
  readonly #bufferedBytes: number;
  readonly #silentMs: number;
  #socket: WebSocket | null = null;
  #state: State = { kind: "connecting" };
  #welcome: Welcome | null = null;
  #fatal: ErrorMessage | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #leaving = false;

  /**
   * Begins to connect; `state` tells how that goes.
   *
   * @param url such as `ws://127.0.0.1:8000/v1/stream`.
   * @param declaration what the frames will be.
   * @param options how to connect again, and when frames are superseded.
   */
  constructor(
    readonly url: string,
    readonly declaration: Declaration,
    options: ClientOptions = {},
  ) {
    super();
    this.#backoff = new Backoff(options.reconnect ?? DEFAULT_RECONNECT);
    this.#bufferedBytes = options.bufferedBytes ?? BUFFERED_BYTES;
    this.#silentMs = options.silentMs ?? SILENT_MS;
    this.#connect();
  }

  /**
   * Resolves once the server has welcomed the stream.
   *
   * @throws PosewireError where it never does.
   */
  static async connect(url: string, declaration: Declaration, options: ClientOptions = {}): Promise<Client> {
    const client = new Client(url, declaration, options);
    await client.until((state) => state.kind === "open");
    return client;
  }

  get state(): State {
    return this.#state;
  }

  /** The latest welcome, null before the first. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }

  get counts(): Counts {
    return this.#tally.counts;
  }

  /** Sends a frame of keypoints; while the server is away or behind, the newest one waits. */
  sendPose(tMs: number, people: readonly Person[]): void {
    this.#sendFrame({ tMs, bytes: encodePose(tMs, people) });
  }

  /** Sends a picture, JPEG, PNG or WebP, where the layout is `image`. */
  sendImage(tMs: number, data: Uint8Array): void {
    this.#sendFrame({ tMs, bytes: encode({ type: "image", t_ms: tMs, data }) });
  }

  /** Teaches what was done from one time to another; `taught` or `error` answers. */
  teach(label: string, fromMs: number, toMs: number, person?: number): void {
    this.#say({ type: "teach", label, from_ms: fromMs, to_ms: toMs, ...(person === undefined ? {} : { person }) });
  }

  /** Makes a taught action unknown; `taught` or `error` answers. */
  forget(label: string): void {
    this.#say({ type: "forget", label });
  }

  /** Asks for all pending labels and resolves when they have come and the stream is closed. */
  async bye(): Promise<void> {
    if (this.#state.kind === "ended") return;
    this.#leaving = true;
    this.#flush(true);
    if (this.#state.kind === "open") this.#say({ type: "bye" });
    else this.close();
    await this.until((state) => state.kind === "ended");
  }

  /** Ends at once. */
  close(): void {
    this.#leaving = true;
    this.#socket?.close(1000);
    this.#end(null);
  }

  /** Resolves with the first state that `wanted` takes; rejects where the stream ends before. */
  until(wanted: (state: State) => boolean): Promise<State> {
    return new Promise((resolve, reject) => {
      const look = (state: State): boolean => {
        if (wanted(state)) resolve(state);
        else if (state.kind === "ended") {
          reject(state.error ?? new PosewireError("lost", "the stream was closed", false, 1000));
        } else return false;
        return true;
      };
      if (look(this.#state)) return;
      const off = this.on("state", (state) => {
        if (look(state)) off();
      });
    });
  }

  #connect(): void {
    this.#fatal = null;
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#await(socket);
    let opened = false;
    socket.onopen = () => {
      const resume = this.#welcome?.resume;
      socket.send(
        encode({ ...this.declaration, type: "hello", version: VERSION, ...(resume ? { resume } : {}) }),
      );
    };
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (socket !== this.#socket) return;
      this.#heard();
      let message: ServerMessage | null;
      try {
        message = decode(data);
      } catch (error) {
        socket.close(PROTOCOL);
        this.#end(new PosewireError("protocol", `what the server sent cannot be read: ${String(error)}`, false));
        return;
      }
      if (message?.type === "welcome") opened = true;
      if (message !== null) this.#take(message);
    };
    // What happened is said by the closing that follows.
    socket.onerror = () => undefined;
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      if (opened && this.#fatal?.code === "timeout") this.#rest();
      else this.#lost(errorOf(code, reason, this.#fatal?.message ?? null, opened));
    };
  }

  #take(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        if (this.#welcome !== null) this.#tally.reconnected(message.resumed);
        this.#welcome = message;
        this.#enter({ kind: "open", welcome: message });
        this.#flush(true);
        break;
      case "actions": {
        this.#backoff.proved();
        const roundTripMs = this.#tally.answered(message, performance.now());
        this.emit("actions", { ...message, roundTripMs });
        break;
      }
      case "error":
        if (message.fatal) this.#fatal = message;
        this.emit("error", message);
        break;
      case "event":
        this.emit("event", message);
        break;
      case "pose":
        this.emit("pose", message);
        break;
      case "taught":
        this.emit("taught", message);
        break;
      case "notice":
        this.emit("notice", message);
        break;
    }
  }

  /** Silence was what ended it: there is no hurry until there is something to be sent. */
  #rest(): void {
    this.#heard();
    this.#socket = null;
    if (this.#leaving) this.#end(null);
    else if (this.#newest.waits) this.#connect();
    else this.#enter({ kind: "idle" });
  }

  #lost(error: PosewireError): void {
    this.#heard();
    if (this.#state.kind === "ended") return;
    if (this.#leaving) {
      this.#end(error.code === 1000 || error.code === 1005 ? null : error);
      return;
    }
    const attempt = this.#backoff.attempt;
    const inMs = error.again ? this.#backoff.next() : null;
    if (inMs === null) {
      this.#end(error);
      return;
    }
    this.#enter({ kind: "waiting", attempt, inMs, error });
    this.#timer = setTimeout(() => this.#connect(), inMs);
  }

  #sendFrame(frame: Frame): void {
    if (this.#leaving) return;
    if (this.#newest.keep(frame)) this.#tally.superseded();
    if (this.#state.kind === "idle") {
      this.#enter({ kind: "connecting" });
      this.#connect();
    }
    this.#flush(false);
  }

  /** Sends what waits, unless the socket is behind; then looks again soon. */
  #flush(whatever: boolean): void {
    clearTimeout(this.#flushing);
    const socket = this.#socket;
    if (this.#state.kind !== "open" || socket?.readyState !== WebSocket.OPEN) return;
    if (!whatever && socket.bufferedAmount > this.#bufferedBytes) {
      this.#flushing = setTimeout(() => this.#flush(false), FLUSH_MS);
      return;
    }
    const frame = this.#newest.take();
    if (frame === null) return;
    socket.send(frame.bytes);
    this.#tally.sent(frame.tMs, performance.now());
    this.#await(socket);
  }

  /** Counts a connection as lost on which nothing comes; a network that swallows says so late. */
  #await(socket: WebSocket): void {
    this.#silence ??= setTimeout(() => {
      this.#socket = null;
      socket.close();
      this.#lost(new PosewireError("lost", "the server has fallen silent", true));
    }, this.#silentMs);
  }

  #heard(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  #say(message: ClientMessage): void {
    if (this.#state.kind !== "open") {
      throw new PosewireError("lost", "the stream is not open: try again when it is", true);
    }
    this.#socket?.send(encode(message));
  }

  #enter(state: State): void {
    this.#state = state;
    this.emit("state", state);
  }

  #end(error: PosewireError | null): void {
    if (this.#state.kind === "ended") return;
    clearTimeout(this.#timer);
    clearTimeout(this.#flushing);
    this.#heard();
    this.#socket = null;
    this.#enter({ kind: "ended", error });
  }
}
