/**
 * The state of a node's clock, in the words that NodePTPDev.status.clock, the Synchronized condition and the log use.
 * ObserveClocks writes it, PublishNodeStatus reads it.
 */

/**
 * FREERUN: runs on its own oscillator. LOCKED: within the thresholds of its grandmaster. HOLDOVER: was LOCKED a moment
 * ago.
 */
export type ClockStateName = "FREERUN" | "LOCKED" | "HOLDOVER"

/**
 * Why a clock is in its state. `Locked` and `Holdover` belong to the states of their names, the others to FREERUN: no
 * process of the profile runs (`NoProcess`), the port that follows is FAULTY (`PortFaulty`), no master is heard
 * (`Listening`), the servo has not settled or its offsets have stopped (`Unlocked`), the offset is beyond its threshold
 * (`OffsetOutOfBounds`), linuxptp cannot adjust the clock (`NotSteered`), a clock that is meant to follow has lost its master and serves the time of its own oscillator
 * (`GrandmasterLost`), the node itself is the grandmaster on its own oscillator (`Grandmaster`).
 */
export type ClockReason =
  | "Locked"
  | "Holdover"
  | "NoProcess"
  | "PortFaulty"
  | "Listening"
  | "Unlocked"
  | "OffsetOutOfBounds"
  | "NotSteered"
  | "GrandmasterLost"
  | "Grandmaster"

/** Why a clock runs free. */
export type FreerunReason = Exclude<ClockReason, "Locked" | "Holdover">

/**
 * Trouble that is independent of the state of a clock: another program steers it (`ClockOwnerConflict`), it was off by
 * the difference between TAI and UTC (`UtcOffsetSuspect`), a port becomes FAULTY again and again (`PortFaulty`), one
 * of several sources is lost (`RedundancyLost`), a large offset is only slewed (`OffsetTooLarge`), a program repeats a
 * known fault (`LinuxptpFault`).
 */
export type ClockAlarmReason =
  | "ClockOwnerConflict"
  | "UtcOffsetSuspect"
  | "RedundancyLost"
  | "OffsetTooLarge"
  | "PortFaulty"
  | "LinuxptpFault"

/** One alarm. It ends 5 min after the last line of linuxptp that was a reason for it. */
export interface ClockAlarm {
  readonly reason: ClockAlarmReason
  /** What was seen and what to check. The text does not change while the alarm lasts. */
  readonly message: string
}

/** The clock of a node as it is now. */
export interface NodeClock {
  readonly state: ClockStateName
  readonly reason: ClockReason
  /** Identity of the grandmaster as linuxptp prints it, `507c6f.fffe.1fb1c0`; undefined while no port follows one. */
  readonly grandmaster: string | undefined
  /** The ports of every ptp4l, ordered by process and port number. */
  readonly ports: ReadonlyArray<{ readonly interface: string; readonly state: string }>
  /** At most 8, the worst first, each with the process that reported it; empty when there is none. */
  readonly alarms: ReadonlyArray<ClockAlarm>
  /** Wall time of the last change of `state`. */
  readonly sinceMillis: number
}
