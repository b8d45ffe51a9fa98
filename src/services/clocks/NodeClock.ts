/** How a node's clock is: what NodePTPDev.status.clock and the Synchronized condition say. */

/** FREERUN: on its own oscillator; LOCKED: within the bounds of a grandmaster; HOLDOVER: was locked a moment ago. */
export type ClockStateName = "FREERUN" | "LOCKED" | "HOLDOVER"

export interface NodeClock {
  readonly state: ClockStateName
  /** One CamelCase word for conditions: `Locked`, `Grandmaster`, `FreeRunning`, `Holdover`, … */
  readonly reason: string
  /** Identity of the grandmaster as linuxptp prints it, `507c6f.fffe.1fb1c0`. */
  readonly grandmaster: string | undefined
  readonly ports: ReadonlyArray<{ readonly interface: string; readonly state: string }>
  /** Wall time of the last change of `state`. */
  readonly sinceMillis: number
}
