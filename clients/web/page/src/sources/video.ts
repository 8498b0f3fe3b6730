/** The webcam and video files, as playing video elements. */

import { Hindrance, type VideoSource } from "./source";

const WANTED: MediaStreamConstraints = {
  audio: false,
  video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 }, facingMode: "user" },
};

const REFUSALS: Readonly<Record<string, string>> = {
  NotAllowedError:
    "The browser did not let this page use the camera. Allow it in the address bar, then press the button again; or play a sample.",
  NotFoundError: "No camera was found. Connect one and press the button again, or choose a video or a sample.",
  NotReadableError:
    "The camera is in use by another program. Close that one and press the button again, or play a sample.",
  OverconstrainedError: "The camera offers no picture that can be used here. Choose a video or a sample.",
};

const GONE = "The camera is gone. Connect it, or allow it again, and press the button; or play a sample.";

/** Opens the webcam; throws a Hindrance that says what to do where it cannot be had. */
export async function camera(): Promise<VideoSource> {
  // It is undefined where the page came over plain HTTP from another machine.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) {
    throw new Hindrance(
      "Browsers lend the camera to secure pages only. Open this page as https:// or on the server's own machine as http://localhost; videos and samples work here.",
    );
  }
  let stream: MediaStream;
  try {
    stream = await devices.getUserMedia(WANTED);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    throw new Hindrance(
      REFUSALS[name] ?? `The camera could not be opened (${String(error)}). Choose a video or a sample instead.`,
    );
  }
  const video = element();
  video.srcObject = stream;
  const release = (): void => {
    for (const track of stream.getTracks()) track.stop();
    video.remove();
  };
  const onLost = (told: (hindrance: Hindrance) => void): void => {
    for (const track of stream.getVideoTracks()) track.onended = () => told(new Hindrance(GONE));
  };
  try {
    await video.play();
  } catch (error) {
    release();
    throw new Hindrance(`The camera's picture cannot be shown (${String(error)}). Choose a video or a sample instead.`);
  }
  return { kind: "camera", title: "Webcam", video, release, onLost };
}

/** Opens a video file; throws a Hindrance that says what to do where it cannot be played. */
export async function videoFile(file: File): Promise<VideoSource> {
  const address = URL.createObjectURL(file);
  const video = element();
  const release = (): void => {
    video.pause();
    video.remove();
    URL.revokeObjectURL(address);
  };
  video.loop = true;
  video.src = address;
  try {
    await video.play();
  } catch {
    release();
    throw new Hindrance(`This browser cannot play ${file.name}. Choose an MP4 (H.264) or WebM video.`);
  }
  return { kind: "file", title: file.name, video, release, onLost: () => undefined };
}

function element(): HTMLVideoElement {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.setAttribute("aria-hidden", "true");
  return video;
}
