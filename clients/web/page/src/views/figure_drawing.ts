/** A sample's figure as a soft mannequin, in the pixels of a sample's picture. */

import { seen } from "../layouts";
import type { JointName, Joints } from "../motion/figure";
import type { Vector } from "../motion/vector";
import type { Palette } from "./palette";

type Limb = readonly [JointName, JointName, number, number];

/** From joint to joint, and how thick there, metres. */
const LIMBS: readonly Limb[] = (["left", "right"] as const).flatMap((side): Limb[] => [
  [`${side}_hip`, `${side}_knee`, 0.15, 0.115],
  [`${side}_knee`, `${side}_ankle`, 0.11, 0.075],
  [`${side}_ankle`, `${side}_foot`, 0.08, 0.07],
  [`${side}_shoulder`, `${side}_elbow`, 0.1, 0.08],
  [`${side}_elbow`, `${side}_hand`, 0.08, 0.06],
]);

const NECK: Limb = ["thorax", "head", 0.1, 0.09];
const TRUNK: readonly JointName[] = ["left_shoulder", "right_shoulder", "right_hip", "left_hip"];
/** How thick the trunk is beyond its joints, metres. */
const TRUNK_EDGE = 0.13;

const HEAD = 0.115;
const FOCAL = 850;

/** Draws a figure; what is further away is drawn first. */
export function drawFigure(context: CanvasRenderingContext2D, joints: Joints, colours: Palette): void {
  shadow(context, joints, colours);
  const depth = ([from, to]: Limb): number => joints[from][2] + joints[to][2];
  const torso = 2 * joints.spine[2];
  const behind = LIMBS.filter((limb) => depth(limb) > torso).sort((a, b) => depth(b) - depth(a));
  const before = LIMBS.filter((limb) => depth(limb) <= torso).sort((a, b) => depth(b) - depth(a));
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const limb of behind) capsule(context, joints, limb, colours, true);
  capsule(context, joints, NECK, colours, false);
  trunk(context, joints, colours);
  ball(context, joints.head, HEAD, colours.figure);
  for (const limb of before) capsule(context, joints, limb, colours, true);
}

function trunk(context: CanvasRenderingContext2D, joints: Joints, colours: Palette): void {
  context.beginPath();
  for (const joint of TRUNK) context.lineTo(...seen(joints[joint]));
  context.closePath();
  context.fillStyle = context.strokeStyle = colours.figure;
  context.lineWidth = (FOCAL * TRUNK_EDGE) / joints.spine[2];
  context.fill();
  context.stroke();
}

function capsule(
  context: CanvasRenderingContext2D,
  joints: Joints,
  [from, to, thick, thin]: Limb,
  colours: Palette,
  edged: boolean,
): void {
  const width = (FOCAL * (thick + thin)) / 2 / joints[from][2];
  if (edged) stroke(context, joints[from], joints[to], width + 5, colours.figureEdge);
  stroke(context, joints[from], joints[to], width, colours.figure);
}

function stroke(context: CanvasRenderingContext2D, from: Vector, to: Vector, width: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(...seen(from));
  context.lineTo(...seen(to));
  context.stroke();
}

function ball(context: CanvasRenderingContext2D, at: Vector, radius: number, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.ellipse(...seen(at), (FOCAL * radius * 0.86) / at[2], (FOCAL * radius * 1.1) / at[2], 0, 0, 2 * Math.PI);
  context.fill();
}

function shadow(context: CanvasRenderingContext2D, joints: Joints, colours: Palette): void {
  const [x, y] = seen([joints.pelvis[0], 0, joints.pelvis[2]]);
  context.fillStyle = colours.floor;
  context.beginPath();
  context.ellipse(x, y, 105, 17, 0, 0, 2 * Math.PI);
  context.fill();
}
