// Made from docs/asyncapi.yaml by clients/web/generate_messages.py; not to be edited.

/**
 * The first message, once: what the client will send. `taught` names a saved set of actions.
 */
export interface Hello {
  readonly type: "hello";
  readonly version: number;
  readonly layout: string;
  readonly coordinates: "metres" | "normalised" | "pixels";
  readonly size?: readonly [number, number] | null;
  readonly up?: "-x" | "-y" | "-z" | "x" | "y" | "z";
  readonly token?: string | null;
  readonly resume?: string | null;
  readonly taught?: string | null;
  readonly options?: Options;
}

/**
 * What a client may ask for.
 */
export interface Options {
  /** how many of the most probable labels each answer lists, 1 to 100. */
  readonly top_k?: number;
  /** how long a label may wait for what follows its frame; null is the model's own. */
  readonly lookahead_ms?: number | null;
  /** at most so many answers a second; frames above enter the windows unanswered. */
  readonly rate_limit_hz?: number | null;
  /** `oldest` lets the newest frame supersede those that wait, `never` slows the reading. */
  readonly drop?: "never" | "oldest";
  /** a window is run so often, on the client's clock; null is the model's own hop, which counts client frames. */
  readonly hop_ms?: number | null;
  /** whether starts and ends of actions are told. */
  readonly events?: boolean;
  /** the most people to look for in a picture, 1 to 16; one alone is followed and smoothed. */
  readonly people?: number;
}

/**
 * A frame of keypoints, at the client's own time.
 */
export interface Pose {
  readonly type: "pose";
  readonly t_ms: number;
  readonly people: readonly PersonPose[];
}

/**
 * One person in a frame: rows of keypoints, or their float32 bytes, base64 in JSON.
 */
export interface PersonPose {
  readonly keypoints: readonly (readonly number[])[] | Uint8Array;
  readonly id?: number | null;
}

/**
 * A picture, JPEG, PNG or WebP, at the client's own time (MessagePack only).
 */
export interface ImageMessage {
  readonly type: "image";
  readonly t_ms: number;
  readonly data: Uint8Array;
}

/**
 * What a person did from one time to another is an example of an action; null is the only one.
 *
 * Several examples of one label add up.
 */
export interface Teach {
  readonly type: "teach";
  readonly label: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly person?: number | null;
}

/**
 * An action that was taught is no longer known.
 */
export interface Forget {
  readonly type: "forget";
  readonly label: string;
}

/**
 * The client is done: what is pending is answered, then the connection closes with 1000.
 */
export interface Bye {
  readonly type: "bye";
}

/**
 * The answer to a hello. `resume` is null where this server cannot resume a session.
 */
export interface Welcome {
  readonly type: "welcome";
  /** its name, in the server's logs too. */
  readonly session: string;
  /** the model that answers. */
  readonly model: Model;
  /** what the server takes. */
  readonly limits: Limits;
  /** when answers and events come. */
  readonly latency: Latency;
  /** of the wire. */
  readonly version: number;
  /** the token with which the session can be resumed, once. */
  readonly resume: string | null;
  /** whether it goes on where an earlier connection was lost. */
  readonly resumed: boolean;
  /** the newest frame that the resumed session has taken in. */
  readonly seen_ms: number | null;
  /** the actions that are known beside the model's own. */
  readonly taught: readonly string[];
}

/**
 * The model that answers.
 */
export interface Model {
  readonly name: string;
  readonly version: string;
  readonly labels: readonly string[];
  readonly layout: string;
  readonly frames: number;
  readonly rate_hz: number;
  readonly hop_ms: number;
  readonly lookahead_ms: number;
  readonly persons: number;
}

/**
 * What the server takes from one client.
 */
export interface Limits {
  readonly message_bytes: number;
  readonly people: number;
  readonly rate_hz: number;
  readonly idle_s: number;
}

/**
 * How late, on the client's clock, something is said; network and computing come on top.
 */
export interface Latency {
  /** from a person's first frame to the first that is spoken of. */
  readonly warming_ms: number;
  /** the longest from a frame to the frame whose window answers it. */
  readonly label_ms: number;
  /** the longest from the first frame of an action to the frame that makes its start certain. */
  readonly start_ms: number;
  /** the same of its end, from the first frame after it. */
  readonly end_ms: number;
}

/**
 * The answer to one client frame. `dropped` counts superseded frames since the hello.
 */
export interface Actions {
  readonly type: "actions";
  readonly t_ms: number;
  readonly people: readonly PersonAction[];
  readonly timing: Timing;
  readonly dropped: number;
}

/**
 * What is said of one person in one frame.
 */
export interface PersonAction {
  readonly id: number;
  readonly label: string;
  readonly score: number;
  readonly top: readonly (readonly [string, number])[];
  readonly known: boolean;
}

/**
 * Where the time of an answer went, on the server's clock.
 */
export interface Timing {
  readonly queue_ms: number;
  readonly infer_ms: number;
}

/**
 * A stable segment of one person's action starts or ends.
 */
export interface ActionEvent {
  readonly type: "event";
  readonly event: "end" | "start";
  readonly person: number;
  readonly label: string;
  readonly t_ms: number;
  readonly score: number;
}

/**
 * Who was found in the picture of this time, to be drawn over it.
 */
export interface SeenPose {
  readonly type: "pose";
  readonly t_ms: number;
  readonly people: readonly SeenPerson[];
}

/**
 * A person who was found in a picture: rows x, y, score in its pixels.
 */
export interface SeenPerson {
  readonly id: number;
  readonly keypoints: readonly (readonly number[])[];
}

/**
 * The answer to a teach or a forget.
 */
export interface Taught {
  readonly type: "taught";
  /** the action that it spoke of. */
  readonly label: string;
  /** how many examples of it are known now, 0 after a forget. */
  readonly examples: number;
  /** all actions that are known beside the model's own. */
  readonly labels: readonly string[];
}

/**
 * What a client should know though it did nothing wrong; the stream goes on.
 */
export interface Notice {
  readonly type: "notice";
  readonly code: "draining" | "new-beginning" | "not-resumed" | "too-slow";
  readonly message: string;
}

/**
 * What was wrong with a message; after a fatal one the connection closes.
 */
export interface ErrorMessage {
  readonly type: "error";
  readonly code: string;
  readonly message: string;
  readonly fatal: boolean;
}

export type ClientMessage = Hello | Pose | ImageMessage | Teach | Forget | Bye;

export type ServerMessage = Welcome | Actions | ActionEvent | SeenPose | Taught | Notice | ErrorMessage;
