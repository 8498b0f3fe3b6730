/** Points in space, metres, and a limb of two bones. */

export type Vector = readonly [number, number, number];

export const add = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by];
export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const length = (a: Vector): number => Math.hypot(...a);
export const mix = (a: number, b: number, share: number): number => a + (b - a) * share;
export const mixed = (a: Vector, b: Vector, share: number): Vector => [
  mix(a[0], b[0], share),
  mix(a[1], b[1], share),
  mix(a[2], b[2], share),
];

/**
 * Returns the middle joint and the end of a limb of two bones that reaches for a target.
 *
 * @param root where the limb begins.
 * @param target where its end wants to be; a target out of reach is reached for.
 * @param upper length of the first bone.
 * @param lower length of the second bone.
 * @param pole towards where the middle joint bends.
 */
export function reach(
  root: Vector,
  target: Vector,
  upper: number,
  lower: number,
  pole: Vector,
): readonly [Vector, Vector] {
  const wanted = subtract(target, root);
  const far = Math.min(Math.max(length(wanted), Math.abs(upper - lower) + 0.01), upper + lower - 0.005);
  const along = scale(wanted, 1 / (length(wanted) || 1));
  const across = subtract(pole, scale(along, dot(pole, along)));
  const bend = scale(across, 1 / (length(across) || 1));
  const forth = (upper ** 2 - lower ** 2 + far ** 2) / (2 * far);
  const aside = Math.sqrt(Math.max(0, upper ** 2 - forth ** 2));
  return [add(root, add(scale(along, forth), scale(bend, aside))), add(root, scale(along, far))];
}
