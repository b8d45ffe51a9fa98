/**
 * Trouble that a clock's state does not show, read off single lines of linuxptp: somebody else steers the clock, a
 * clock is off by the difference of TAI and UTC, a port becomes FAULTY again and again. Pure; ObservedProcess keeps the
 * sightings of each process, NodeClockView tells of them. Nothing is restarted for an alarm: linuxptp heals itself, or
 * the cause lies outside of it.
 */
import type { LogEvent } from "../linuxptp/LogEvent.ts"
import { isServoLocked } from "../linuxptp/ServoState.ts"
import type { ClockAlarm, ClockAlarmReason } from "./NodeClock.ts"
import type { Speaker } from "./Speaker.ts"

/** What was seen: an alarm's reason, or what explains one. */
type SightingKind = ClockAlarmReason | "MissingTimestamp"

/** Something that was seen in the last minutes. */
interface Sighting {
  readonly kind: SightingKind
  /** The clock or the port. */
  readonly subject: string
  /** Times in a row, each within the patience after the one before. */
  readonly count: number
  /** Monotonic nanoseconds. */
  readonly seenAt: bigint
}

/** What was seen of one process, by kind and subject. */
export type Sightings = ReadonlyMap<string, Sighting>

/** Nothing was seen. */
export const noSightings: Sightings = new Map()

/** More ports and clocks than any host has; what comes beyond is not kept. */
const mostSightings = 64
/** An alarm ends 5 min after the last line that gives reason to it. */
const patience = 300_000_000_000n

const moment = 2_000_000_000n

/**
 * How often something must be seen. One clockcheck line follows a resume from sleep, a driver's reset or ptp4l's own
 * restart, and one FAULTY a pulled cable; what comes again every few seconds or minutes does not heal.
 */
const enough: Readonly<Record<ClockAlarmReason, number>> = {
  ClockOwnerConflict: 3,
  PortFaulty: 3,
  UtcOffsetSuspect: 1
}

/** TAI minus UTC since 2017, and how far from it an offset may be that still looks like it. */
const utcOffsetNs = 37_000_000_000
const suspectDistanceNs = 1_000_000_000

/** True for an offset within 1 s of 37 s, either way: one side is on TAI where the other takes it to be on UTC. */
export const suspectUtcOffset = (offsetNs: number): boolean =>
  Math.abs(Math.abs(offsetNs) - utcOffsetNs) <= suspectDistanceNs

/** The sightings after one more event; the same object when it is nothing to be alarmed by. */
export const observeSighting = (sightings: Sightings, speaker: Speaker, event: LogEvent, now: bigint): Sightings => {
  const kind = sightingOf(speaker, event)
  if (kind === undefined) return sightings
  const subject = subjectOf(speaker, event)
  const key = `${kind} ${subject}`
  const before = sightings.get(key)
  if (before === undefined && sightings.size >= mostSightings) return sightings
  // One stall of a busy machine prints several clockcheck lines: what comes at one moment is one sign.
  if (kind === "ClockOwnerConflict" && before !== undefined && now - before.seenAt < moment) return sightings
  const count = before !== undefined && isRecent(before, now) ? before.count + 1 : 1
  return new Map(sightings).set(key, { kind, subject, count, seenAt: now })
}

/** The sightings that still count at `now`; the same object when all do. */
export const recentSightings = (sightings: Sightings, now: bigint): Sightings => {
  const recent = [...sightings].filter(([, sighting]) => isRecent(sighting, now))
  return recent.length === sightings.size ? sightings : new Map(recent)
}

/** The alarms that a process's sightings give. A message stays the same while its alarm lasts: each change is written to the API server. */
export const alarmsOf = (sightings: Sightings): ReadonlyArray<ClockAlarm> => {
  const lacksTimestamps = [...sightings.values()].some(({ kind }) => kind === "MissingTimestamp")
  return [...sightings.values()].flatMap(({ count, kind, subject }) =>
    kind === "MissingTimestamp" || count < enough[kind]
      ? []
      : [{ reason: kind, message: messages[kind](subject, lacksTimestamps) }]
  )
}

const isRecent = ({ seenAt }: Sighting, now: bigint): boolean => now - seenAt < patience

const sightingOf = ({ program }: Speaker, event: LogEvent): SightingKind | undefined => {
  switch (event.kind) {
    case "offset": {
      if (!suspectUtcOffset(event.offsetNs)) return undefined
      // A PHC often starts on UTC and is stepped to TAI; the system clock has no reason to be 37 s off, not even once.
      return isServoLocked(event.servoState) || steersSystemClock(program, event.clock) ? "UtcOffsetSuspect" : undefined
    }
    case "summary":
      return suspectUtcOffset(event.rmsNs) ? "UtcOffsetSuspect" : undefined
    case "portState":
      // Port 0 is the management socket.
      return event.to === "FAULTY" && event.port !== 0 ? "PortFaulty" : undefined
    case "fault":
      // clockcheck.c; sk.c, sk_receive
      if (event.text.startsWith("clockcheck: ")) return "ClockOwnerConflict"
      return event.text.startsWith("timed out while polling for tx timestamp") ? "MissingTimestamp" : undefined
    case "bestMaster":
    case "message":
      return undefined
  }
}

/** phc2sys 1.5 does not name the clock: it is the system clock. */
const steersSystemClock = (program: string, clock: string | undefined): boolean =>
  program === "phc2sys" && (clock ?? "CLOCK_REALTIME") === "CLOCK_REALTIME"

const subjectOf = ({ interfaces, program }: Speaker, event: LogEvent): string => {
  switch (event.kind) {
    case "portState":
      return event.interface ?? interfaces[event.port - 1] ?? `port ${event.port}`
    case "offset":
    case "summary":
      return event.clock ?? (program === "ptp4l" ? "ptp4l's clock" : "CLOCK_REALTIME")
    default:
      return `${program}'s clock`
  }
}

const messages: Readonly<Record<ClockAlarmReason, (subject: string, lacksTimestamps: boolean) => string>> = {
  ClockOwnerConflict: (clock) =>
    `${clock} jumps or changes its frequency unasked: stop chronyd, ntpd or systemd-timesyncd on the host, or a second ` +
    "linuxptp program that steers it",
  UtcOffsetSuspect: (clock) =>
    `${clock} was off by about 37 s, the difference of TAI and UTC: check the grandmaster's UTC offset and time scale, ` +
    "and phc2sys's -w and -O",
  PortFaulty: (port, lacksTimestamps) =>
    `${port} becomes FAULTY again and again: ` + (lacksTimestamps
      ? "its NIC gives no transmit time stamps in time; raise tx_timestamp_timeout, update driver and firmware"
      : "the lines before \"to FAULTY\" in ptp4l's log say why")
}
