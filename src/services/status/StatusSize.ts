/**
 * Keeps a status small, whatever went wrong: a fleet of objects is cheap to keep and to watch only while each is.
 * NodeStatus uses it on what it has composed; profiles, states and conditions always stay.
 */
import type { NodePTPDevStatus } from "../kubernetes/NodePTPDev.ts"

/** In bytes of JSON. */
const largestStatus = 4_096

/** What may be left of a status. */
interface Brevity {
  /** Longest text of a condition. */
  readonly message: number
  /** Longest last words of a process; undefined leaves them out. */
  readonly lastExit: number | undefined
  /** Whether a NIC has its place and driver, which `devices` on the host tells as well. */
  readonly withHardware: boolean
}

/** The first that fits is taken. */
const brevities: ReadonlyArray<Brevity> = [
  { message: 512, lastExit: 200, withHardware: true },
  { message: 256, lastExit: 120, withHardware: true },
  { message: 128, lastExit: 60, withHardware: true },
  { message: 64, lastExit: 30, withHardware: true },
  { message: 64, lastExit: undefined, withHardware: true },
  { message: 64, lastExit: undefined, withHardware: false },
  { message: 32, lastExit: undefined, withHardware: false }
]

/**
 * The status with texts and details shortened until it has less than 4 KiB: so it is for 16 NICs, 4 profiles and 4
 * processes. Beyond that it is as short as can be.
 */
export const shortenedToFit = (status: NodePTPDevStatus): NodePTPDevStatus => {
  let shortest = status
  for (const brevity of brevities) {
    shortest = shortened(status, brevity)
    if (sizeOf(shortest) < largestStatus) return shortest
  }
  return shortest
}

const encoder = new TextEncoder()
const sizeOf = (status: NodePTPDevStatus): number => encoder.encode(JSON.stringify(status)).length

const shortened = (status: NodePTPDevStatus, { lastExit, message, withHardware }: Brevity): NodePTPDevStatus => ({
  ...status,
  ptpDevices: withHardware
    ? status.ptpDevices
    : status.ptpDevices.map(({ driver: _driver, pciAddress: _pciAddress, ...device }) => device),
  processes: status.processes.map(({ lastExit: words, ...process }) =>
    words === undefined || lastExit === undefined ? process : { ...process, lastExit: cut(words, lastExit) }
  ),
  conditions: status.conditions.map((condition) => ({ ...condition, message: cut(condition.message, message) }))
})

const ellipsis = "…"

/** Counts characters, not UTF-16 units: a Go server replaces half a pair, and would never have what was written. */
const cut = (text: string, length: number): string => {
  const characters = [...text.toWellFormed()]
  return characters.length <= length ? characters.join("") : `${characters.slice(0, length - 1).join("")}${ellipsis}`
}

/** True when two published texts may be the same text, of which more was left in one than in the other. */
export const agreeAsFarAsLeft = (a: string, b: string): boolean => a === b || isCutOf(a, b) || isCutOf(b, a)

const isCutOf = (short: string, text: string): boolean =>
  short.endsWith(ellipsis) && text.startsWith(short.slice(0, -ellipsis.length))
