/**
 * Alarms that follow from linuxptp's lines: another program steers the same clock, a clock is off by the difference
 * between TAI and UTC, a port becomes FAULTY again and again, any other known fault is repeated. Pure: ObservedProcess
 * keeps what was seen of each process, NodeClockView reports it. The daemon restarts nothing because of an alarm:
 * linuxptp recovers by itself, or the cause is outside of it.
 */
import { hintForMessage, troubleIn } from "../linuxptp/KnownFaults.ts"
import type { LogEvent } from "../linuxptp/LogEvent.ts"
import { isServoLocked } from "../linuxptp/ServoState.ts"
import type { ClockAlarm, ClockAlarmReason } from "./NodeClock.ts"
import type { Speaker } from "./Speaker.ts"

/** An alarm that lines are a reason for. */
type SightingKind = Exclude<ClockAlarmReason, "RedundancyLost" | "OffsetTooLarge">

/** Something that was seen within the last minutes. */
interface Sighting {
  readonly kind: SightingKind
  /** The name of the clock or of the port; the words of a fault. */
  readonly subject: string
  /** How often it was seen. From the number that is an alarm on, it is not counted any further. */
  readonly count: number
  /** Monotonic nanoseconds; the time before that is undefined if it was seen once. */
  readonly seenAt: bigint
  readonly seenBefore: bigint | undefined
}

/** What was seen of one process, by kind and subject. */
export type Sightings = ReadonlyMap<string, Sighting>

/** Nothing was seen. */
export const noSightings: Sightings = new Map()

/** No host has more ports and clocks. Sightings beyond this number are not kept. */
const mostSightings = 64
/** An alarm ends 5 min after the last line that is a reason for it. */
const patience = 300_000_000_000n

/**
 * Lines within it count once, where one event prints several: a stall of a busy machine prints several clockcheck lines,
 * and a client-only port that loses its link tells at each look for a master that it finds none.
 */
const moment = 2_000_000_000n
const inBursts = /^(?:port \d{1,5}.*: )?(?:master state recommended in slave only|defaultDS\.priority1 probably)/

/** A fault that is an alarm already is looked at once a second: some are printed with each message on the network. */
const repeatedMoment = 1_000_000_000n

/**
 * How often something must be seen before it is an alarm. One clockcheck line is normal after a resume from sleep, a
 * driver reset or a restart of ptp4l; one FAULTY is normal after a pulled cable. What returns every few seconds or
 * minutes does not recover by itself.
 */
const enough: Readonly<Record<SightingKind, number>> = {
  ClockOwnerConflict: 3,
  PortFaulty: 3,
  UtcOffsetSuspect: 1,
  LinuxptpFault: 3
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
export const observeSighting = (
  sightings: Sightings,
  speaker: SightingSpeaker,
  event: LogEvent,
  now: bigint
): Sightings => {
  const kind = sightingOf(speaker, event)
  if (kind === undefined) return sightings
  const subject = subjectOf(speaker, event)
  const key = `${kind} ${event.kind === "fault" && kind === "LinuxptpFault" ? troubleIn(event.text) : subject}`
  const known = sightings.get(key)
  const before = known !== undefined && isRecent(known, now) ? known : undefined
  if (known === undefined && sightings.size >= mostSightings) return sightings
  if (before !== undefined && now - before.seenAt < pauseAfter(before)) return sightings
  return new Map(sightings).set(key, {
    kind,
    // The words of the first line are kept, so that the message does not change while the alarm lasts.
    subject: before?.subject ?? subject,
    count: countAfter(before, kind, now),
    seenAt: now,
    seenBefore: before?.seenAt
  })
}

const pauseAfter = ({ count, kind, subject }: Sighting): bigint => {
  if (kind === "ClockOwnerConflict" || inBursts.test(subject)) return moment
  return kind === "LinuxptpFault" && count >= enough[kind] ? repeatedMoment : 0n
}

/** A known fault is an alarm when it was seen three times within 5 min; of the others each follows the one before. */
const countAfter = (before: Sighting | undefined, kind: SightingKind, now: bigint): number => {
  if (before === undefined) return 1
  if (before.count >= enough[kind]) return before.count
  const isFirstTooOld = kind === "LinuxptpFault" && before.seenBefore !== undefined &&
    now - before.seenBefore > patience
  return isFirstTooOld ? before.count : before.count + 1
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
  const seen = [...sightings.values()]
  const raised = seen.filter(({ count, kind }) => count >= enough[kind])
  const lacksTimestamps = seen.some(({ subject }) => lackOfTimestamps.test(subject))
  const isPortFaulty = raised.some(({ kind }) => kind === "PortFaulty")
  return raised.flatMap(({ kind, subject }) =>
    isPortFaulty && kind === "LinuxptpFault" && reasonForFaulty.test(subject)
      ? []
      : [{ reason: kind, message: messages[kind](subject, lacksTimestamps) }]
  )
}

// sk.c, sk_receive
const lackOfTimestamps = /^timed out while polling for tx timestamp/
/** What ptp4l prints just before a port becomes FAULTY because of it. The alarm about the port says enough. */
const reasonForFaulty = /^(?:timed out while polling for tx|increasing tx_timestamp_timeout|port \d+.*: send .* failed)/

const isRecent = ({ seenAt }: Sighting, now: bigint): boolean => now - seenAt < patience

/** A program, which need not have a clock. */
export type SightingSpeaker = Pick<Speaker, "interfaces"> & { readonly program: string }

const sightingOf = ({ program }: SightingSpeaker, event: LogEvent): SightingKind | undefined => {
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
      // clockcheck.c
      if (event.text.startsWith("clockcheck: ")) return "ClockOwnerConflict"
      return troubleIn(event.text) === undefined ? undefined : "LinuxptpFault"
    case "bestMaster":
    case "message":
      return undefined
  }
}

/** phc2sys 1.5 prints no name for the clock; then it is the system clock. */
const steersSystemClock = (program: string, clock: string | undefined): boolean =>
  program === "phc2sys" && (clock ?? "CLOCK_REALTIME") === "CLOCK_REALTIME"

const subjectOf = ({ interfaces, program }: SightingSpeaker, event: LogEvent): string => {
  switch (event.kind) {
    case "portState":
      return event.interface ?? interfaces[event.port - 1] ?? `port ${event.port}`
    case "offset":
    case "summary":
      return event.clock ?? (program === "ptp4l" ? "ptp4l's clock" : "CLOCK_REALTIME")
    case "fault":
      return event.text.startsWith("clockcheck: ") ? `${program}'s clock` : event.text.slice(0, longestWords)
    default:
      return `${program}'s clock`
  }
}

/** A condition has little room. */
const longestWords = 120

const messages: Readonly<Record<SightingKind, (subject: string, lacksTimestamps: boolean) => string>> = {
  ClockOwnerConflict: (clock) =>
    `${clock} jumps or changes its frequency unasked: stop chronyd, ntpd or systemd-timesyncd on the host, or a second ` +
    "linuxptp program that steers it",
  UtcOffsetSuspect: (clock) =>
    `${clock} was off by about 37 s, the difference of TAI and UTC: check the grandmaster's UTC offset and time scale, ` +
    "and phc2sys's -w and -O",
  PortFaulty: (port, lacksTimestamps) =>
    `${port} becomes FAULTY again and again: ` + (lacksTimestamps
      ? "its NIC gives no transmit time stamps in time; raise tx_timestamp_timeout, update driver and firmware"
      : "the lines before \"to FAULTY\" in ptp4l's log say why"),
  LinuxptpFault: (words) => `it says again and again "${words}": ${hintForMessage(words)}`
}
