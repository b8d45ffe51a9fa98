/**
 * How a node's clock is, in the words that NodePTPDev.status.clock, the Synchronized condition and the log use. The
 * clock observer writes it, the status publisher reads it; nothing is decided here.
 */

/** FREERUN: on its own oscillator; LOCKED: within the bounds of a grandmaster; HOLDOVER: was locked a moment ago. */
export type ClockStateName = "FREERUN" | "LOCKED" | "HOLDOVER"

/**
 * Why a clock is in its state. `Locked` and `Holdover` go with the states of their names, the others with FREERUN:
 * no process of the profile runs (`NoProcess`), the port that follows is FAULTY (`PortFaulty`), no master is heard
 * (`Listening`), the servo has not settled or its offsets have stopped (`Unlocked`), the offset is beyond its
 * threshold (`OffsetOutOfBounds`), or the node is itself the grandmaster on its own oscillator (`Grandmaster`).
 */
export type ClockReason =
  | "Locked"
  | "Holdover"
  | "NoProcess"
  | "PortFaulty"
  | "Listening"
  | "Unlocked"
  | "OffsetOutOfBounds"
  | "Grandmaster"

/**
 * Trouble beside the state of a clock: somebody else steers it (`ClockOwnerConflict`), it was off by the difference of
 * TAI and UTC (`UtcOffsetSuspect`), a port becomes FAULTY again and again (`PortFaulty`).
 */
export type ClockAlarmReason = "ClockOwnerConflict" | "UtcOffsetSuspect" | "PortFaulty"

/** One alarm; it ends 5 min after the last line of linuxptp that gave reason to it. */
export interface ClockAlarm {
  readonly reason: ClockAlarmReason
  /** What was seen and what to look at; it does not change while the alarm lasts. */
  readonly message: string
}

/** The clock of a node as it is now. */
export interface NodeClock {
  readonly state: ClockStateName
  readonly reason: ClockReason
  /** Identity of the grandmaster as linuxptp prints it, `507c6f.fffe.1fb1c0`; undefined unless a port follows one. */
  readonly grandmaster: string | undefined
  /** Ports of every ptp4l, by process and port number. */
  readonly ports: ReadonlyArray<{ readonly interface: string; readonly state: string }>
  /** The worst first, at most 8, each with the process that told of it; empty when all is well. */
  readonly alarms: ReadonlyArray<ClockAlarm>
  /** Wall time of the last change of `state`. */
  readonly sinceMillis: number
}
