/** Whether a measurement is within the thresholds of its profile. */
import type { ClockThreshold } from "../profiles/Decision.ts"
import type { Measurement } from "./Measurement.ts"

/** How an offset lies to the thresholds. It is far away beyond ten times the threshold. */
export type OffsetDistance = "Inside" | "Outside" | "Far"

const farFactor = 10

/**
 * How the offset lies to the thresholds; equal to one is inside. The offset of a summary has no sign, so it is tried
 * with both.
 */
export const distanceOf = ({ isSigned, offsetNs }: Measurement, threshold: ClockThreshold): OffsetDistance => {
  const signed = isSigned ? [offsetNs] : [offsetNs, -offsetNs]
  const distances = signed.map((offset) => signedDistance(offset, threshold))
  return distances.find((distance) => distance === "Inside") ??
    distances.find((distance) => distance === "Outside") ?? "Far"
}

const signedDistance = (offsetNs: number, { maxOffsetNs, minOffsetNs }: ClockThreshold): OffsetDistance => {
  if (offsetNs >= minOffsetNs && offsetNs <= maxOffsetNs) return "Inside"
  return Math.abs(offsetNs) > farFactor * Math.abs(offsetNs > maxOffsetNs ? maxOffsetNs : minOffsetNs)
    ? "Far"
    : "Outside"
}
