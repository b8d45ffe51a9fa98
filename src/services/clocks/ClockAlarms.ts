/**
 * Alarms of a clock: trouble that the state of the clock (LOCKED, HOLDOVER, FREERUN) does not show. There are three:
 * another program steers the same clock, a clock is off by the difference between TAI and UTC, a port becomes FAULTY
 * again and again. Each is recognised by single lines of linuxptp. Pure: ObservedProcess keeps what was seen of each
 * process, NodeClockView reports it. The daemon restarts nothing because of an alarm: linuxptp recovers by itself, or
 * the cause is outside of it.
 */
import type { LogEvent } from "../linuxptp/LogEvent.ts"
import { isServoLocked } from "../linuxptp/ServoState.ts"
import type { ClockAlarm, ClockAlarmReason } from "./NodeClock.ts"
import type { Speaker } from "./Speaker.ts"

/** What a line can show: the reason of an alarm, or something that explains an alarm. */
type SightingKind = ClockAlarmReason | "MissingTimestamp"

/** Something that was seen within the last minutes. */
interface Sighting {
  readonly kind: SightingKind
  /** The name of the clock or of the port. */
  readonly subject: string
  /** How often it was seen in a row. Two sightings are in a row if the second comes within `patience` of the first. */
  readonly count: number
  /** Monotonic nanoseconds. */
  readonly seenAt: bigint
}

/** What was seen of one process, by kind and subject. */
export type Sightings = ReadonlyMap<string, Sighting>

/** Nothing was seen. */
export const noSightings: Sightings = new Map()

/** No host has more ports and clocks. Sightings beyond this number are not kept. */
const mostSightings = 64
/** An alarm ends 5 min after the last line that is a reason for it. */
const patience = 300_000_000_000n

const moment = 2_000_000_000n

/**
 * How often something must be seen before it is an alarm. One clockcheck line is normal after a resume from sleep, a
 * driver reset or a restart of ptp4l; one FAULTY is normal after a pulled cable. What returns every few seconds or
 * minutes does not recover by itself.
 */
const enough: Readonly<Record<ClockAlarmReason, number>> = {
  ClockOwnerConflict: 3,
  PortFaulty: 3,
  UtcOffsetSuspect: 1
}

/**
 * TAI minus UTC in nanoseconds, unchanged since 2017, and how far an offset may be away from it and still be taken for
 * it.
 */
const utcOffsetNs = 37_000_000_000
const suspectDistanceNs = 1_000_000_000

/** True for an offset within 1 s of 37 s, in either direction: one side uses TAI where the other expects UTC. */
export const suspectUtcOffset = (offsetNs: number): boolean =>
  Math.abs(Math.abs(offsetNs) - utcOffsetNs) <= suspectDistanceNs

/** The sightings after one more event. Returns the same object if the event is no reason for an alarm. */
export const observeSighting = (sightings: Sightings, speaker: Speaker, event: LogEvent, now: bigint): Sightings => {
  const kind = sightingOf(speaker, event)
  if (kind === undefined) return sightings
  const subject = subjectOf(speaker, event)
  const key = `${kind} ${subject}`
  const before = sightings.get(key)
  if (before === undefined && sightings.size >= mostSightings) return sightings
  // One stall of a busy machine prints several clockcheck lines, so lines of the same moment count once.
  if (kind === "ClockOwnerConflict" && before !== undefined && now - before.seenAt < moment) return sightings
  const count = before !== undefined && isRecent(before, now) ? before.count + 1 : 1
  return new Map(sightings).set(key, { kind, subject, count, seenAt: now })
}

/** The sightings that still count at `now`. Returns the same object if all of them do. */
export const recentSightings = (sightings: Sightings, now: bigint): Sightings => {
  const recent = [...sightings].filter(([, sighting]) => isRecent(sighting, now))
  return recent.length === sightings.size ? sightings : new Map(recent)
}

/**
 * The alarms that follow from the sightings of a process. The message of an alarm does not change while it lasts,
 * because each change would be a write to the API server.
 */
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
      // A PHC often starts on UTC and is then stepped to TAI, so one such offset is normal there. The system clock is
      // never 37 s off for a good reason.
      return isServoLocked(event.servoState) || steersSystemClock(program, event.clock) ? "UtcOffsetSuspect" : undefined
    }
    case "summary":
      return suspectUtcOffset(event.rmsNs) ? "UtcOffsetSuspect" : undefined
    case "portState":
      // Port 0 is ptp4l's management socket, not a NIC.
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

/** phc2sys 1.5 prints no name for the clock; then it is the system clock. */
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
