/**
 * The state of a simulated ptp4l between two moments. SimulatedPtp4l computes the next one, and Ptp4lMessages prints
 * what changed.
 */
import type { Ptp4lSettings } from "./Ptp4lSettings.ts"
import type { Port } from "./SimulatedPort.ts"
import type { Servo } from "./SimulatedServo.ts"

/** Whose time this clock uses; "none" before the first decision. */
export type BestMaster = "none" | "local" | "foreign"

/** A simulated ptp4l at one moment. */
export interface Ptp4l {
  readonly settings: Ptp4lSettings
  readonly identity: string
  /** Monotonic time in milliseconds; undefined before the first step. */
  readonly startedAt: number | undefined
  readonly ports: ReadonlyArray<Port>
  readonly best: BestMaster
  readonly servo: Servo | undefined
  /** When the servo takes its next sample, in milliseconds. */
  readonly sampleAt: number
  /** When the last Sync message arrived, in milliseconds. */
  readonly ingressTime: number
}
