import { afterEach, describe, expect, test } from "vitest";

import { Client, PosewireError, type ClientEvents, type ClientOptions, type State } from "../src/index.js";
import { answering, FakeServer, send, WELCOME, type Behaviour } from "./fake_server.js";

const DECLARATION = { layout: "coco17", coordinates: "pixels", size: [640, 480] } as const;
const SOON: ClientOptions = { reconnect: { firstMs: 5, longestMs: 20, attempts: 3 } };
const PERSON = { id: 1, keypoints: new Float32Array(17 * 3).fill(2) };

let server: FakeServer;
let client: Client;
afterEach(() => {
  client?.close();
  server.stop();
});

async function connected(behaviour: Behaviour, options = SOON): Promise<Client> {
  server = await FakeServer.serving(behaviour);
  client = await Client.connect(server.url, DECLARATION, options);
  return client;
}

function next<Name extends keyof ClientEvents>(name: Name): Promise<ClientEvents[Name]> {
  return new Promise((resolve) => {
    const off = client.on(name, (value) => {
      off();
      resolve(value);
    });
  });
}

describe("a stream", () => {
  test("a frame's keypoints travel as raw float32, and its answer comes with its round trip", async () => {
    await connected(answering);
    const answer = next("actions");
    client.sendPose(40, [PERSON]);
    expect((await answer).people[0]?.label).toBe("wave");
    expect((await answer).roundTripMs).toBeGreaterThanOrEqual(0);
    const [sent] = server.of("pose")[0]?.["people"] as { keypoints: Uint8Array }[];
    expect(sent?.keypoints.byteLength).toBe(17 * 3 * 4);
    expect(client.counts).toMatchObject({ sent: 1, answered: 1, droppedHere: 0, droppedThere: 3 });
  });

  test("rows of numbers are the same bytes as a Float32Array", async () => {
    await connected(answering);
    client.sendPose(1, [{ keypoints: [[1, 2, 0.5]] }]);
    client.sendPose(2, [{ keypoints: Float32Array.of(1, 2, 0.5) }]);
    await client.bye();
    const [rows, flat] = server.of("pose").map((pose) => pose["people"]);
    expect(rows).toEqual(flat);
  });

  test("bye is said after the last frame, and resolves when the server has closed", async () => {
    await connected(answering);
    client.sendPose(1, [PERSON]);
    await client.bye();
    expect(server.received.map((message) => message.type)).toEqual(["hello", "pose", "bye"]);
    expect(client.state).toEqual({ kind: "ended", error: null });
  });

  test("what is taught is answered", async () => {
    await connected(answering);
    const taught = next("taught");
    client.teach("bow", 0, 2000);
    expect(await taught).toMatchObject({ label: "bow", examples: 1 });
    expect(server.of("teach")[0]).toEqual({ type: "teach", label: "bow", from_ms: 0, to_ms: 2000 });
  });

  test("an unknown message of a newer server is passed over", async () => {
    await connected((message, socket) => {
      if (message.type === "hello") send(socket, { type: "horoscope" });
      answering(message, socket, 1);
    });
    expect(client.state.kind).toBe("open");
  });
});

describe("newest wins", () => {
  test("while the server is away only the newest frame waits, and the others are counted", async () => {
    await connected((message, socket, connection) => {
      if (message.type === "hello" && connection === 1) send(socket, WELCOME);
      else if (message.type === "hello") setTimeout(() => send(socket, { ...WELCOME, resumed: true }), 20);
    });
    const waiting = client.until((state) => state.kind === "waiting");
    server.sockets[0]?.close(1012, "stopping");
    await waiting;
    for (const tMs of [1, 2, 3]) client.sendPose(tMs, [PERSON]);
    await client.until((state) => state.kind === "open");
    await expect.poll(() => server.of("pose").map((pose) => pose["t_ms"])).toEqual([3]);
    expect(client.counts).toMatchObject({ sent: 1, droppedHere: 2, reconnects: 1 });
  });
});

describe("connecting again", () => {
  test("after a restart the same hello goes out with the token of the last welcome", async () => {
    await connected(answering);
    const states: State["kind"][] = [];
    client.on("state", (state) => states.push(state.kind));
    server.sockets[0]?.close(1012, "stopping");
    await client.until((state) => state.kind === "waiting");
    await client.until((state) => state.kind === "open");
    const [first, second] = server.of("hello");
    expect(second).toEqual({ ...first, resume: "token-1" });
    expect(states).toEqual(["waiting", "open"]);
  });

  test("who had nothing to send for too long is idle, and its next frame connects", async () => {
    await connected((message, socket, connection) => {
      if (message.type === "pose" && connection === 1) {
        send(socket, { type: "error", code: "timeout", message: "a client sends something", fatal: true });
        socket.close(4400);
      } else answering(message, socket, connection);
    });
    client.sendPose(1, [PERSON]);
    await client.until((state) => state.kind === "idle");
    const answer = next("actions");
    client.sendPose(2, [PERSON]);
    expect((await answer).t_ms).toBe(2);
    expect(server.sockets.length).toBe(2);
  });

  test.each(["hello", "pose"])("a server that leaves a %s without a word is lost", async (silent) => {
    const impatient = { ...SOON, silentMs: 100 };
    server = await FakeServer.serving((message, socket, connection) => {
      if (message.type !== silent || connection > 1) answering(message, socket, connection);
    });
    client = new Client(server.url, DECLARATION, impatient);
    client.sendPose(1, [PERSON]);
    const { error } = (await client.until((state) => state.kind === "waiting")) as State & { kind: "waiting" };
    expect(error.message).toBe("the server has fallen silent");
    await client.until((state) => state.kind === "open");
  });

  test("where nobody answers it gives up after its attempts, with one sentence", async () => {
    server = await FakeServer.serving(answering);
    const { url } = server;
    server.stop();
    const failed = Client.connect(url, DECLARATION, { reconnect: { firstMs: 1, longestMs: 2, attempts: 2 } });
    await expect(failed).rejects.toMatchObject({ reason: "unreachable", message: "the server does not answer" });
  });

  test.each([
    [1008, "not-allowed", false],
    [1009, "too-large", false],
    [1011, "failed", true],
    [1013, "full", true],
    [4400, "protocol", false],
    [4409, "moved", false],
  ] as const)("closing code %i is %s, and trying again is %s", async (code, reason, again) => {
    server = await FakeServer.serving((_, socket) => {
      send(socket, { type: "error", code: "x", message: "the whole sentence", fatal: true });
      socket.close(code, "the whole sen");
    });
    const none = { reconnect: { firstMs: 1, longestMs: 1, attempts: 0 } };
    const failed = Client.connect(server.url, DECLARATION, none);
    const error: unknown = await failed.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PosewireError);
    expect(error).toMatchObject({ reason, again, code, message: "the whole sentence" });
  });
});
