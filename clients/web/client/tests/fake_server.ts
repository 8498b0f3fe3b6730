/** A server that speaks the wire as far as a test says, on a port of its own. */

import { decode, encode } from "@msgpack/msgpack";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

export type Received = { readonly type: string } & Record<string, unknown>;

export const WELCOME = {
  type: "welcome",
  version: 1,
  session: "s",
  model: {
    name: "fake",
    version: "1",
    labels: ["background", "wave"],
    layout: "coco17",
    frames: 24,
    rate_hz: 30,
    hop_ms: 33,
    lookahead_ms: 0,
    persons: 1,
  },
  limits: { message_bytes: 1 << 20, people: 16, rate_hz: 60, idle_s: 60 },
  latency: { warming_ms: 500, label_ms: 33, start_ms: 266, end_ms: 366 },
  resume: "token-1",
  resumed: false,
  seen_ms: null,
  taught: [],
};

/** What one connection does with each message. */
export type Behaviour = (message: Received, socket: WebSocket, connection: number) => void;

export class FakeServer {
  readonly received: Received[] = [];
  readonly sockets: WebSocket[] = [];
  readonly #server: WebSocketServer;

  private constructor(behaviour: Behaviour) {
    this.#server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    this.#server.on("connection", (socket) => {
      const connection = this.sockets.push(socket);
      socket.on("message", (data: Buffer) => {
        const message = decode(data) as Received;
        this.received.push(message);
        behaviour(message, socket, connection);
      });
    });
  }

  static async serving(behaviour: Behaviour): Promise<FakeServer> {
    const server = new FakeServer(behaviour);
    await new Promise((resolve) => server.#server.once("listening", resolve));
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/stream`;
  }

  of(type: string): Received[] {
    return this.received.filter((message) => message.type === type);
  }

  stop(): void {
    for (const socket of this.sockets) socket.terminate();
    this.#server.close();
  }
}

export function send(socket: WebSocket, message: unknown): void {
  socket.send(encode(message));
}

/** Welcomes, answers each frame, and closes after bye. */
export const answering: Behaviour = (message, socket) => {
  if (message.type === "hello") send(socket, WELCOME);
  if (message.type === "pose") {
    const people = [{ id: 1, label: "wave", score: 0.9, top: [["wave", 0.9]], known: true }];
    send(socket, { type: "actions", t_ms: message["t_ms"], people, timing: { queue_ms: 1, infer_ms: 2 }, dropped: 3 });
  }
  if (message.type === "teach") send(socket, { type: "taught", label: message["label"], examples: 1, labels: ["bow"] });
  if (message.type === "bye") socket.close(1000);
};
