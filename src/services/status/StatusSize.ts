/**
 * Keeps a status small in every case, because it is stored and watched once for each node of the fleet. NodeStatus uses
 * it. Profiles, states and conditions are never removed.
 */
import type { NodePTPDevStatus } from "../kubernetes/NodePTPDev.ts"

/** In bytes of JSON. */
const largestStatus = 4_096

/** How much of a status may be kept. */
interface Brevity {
  /** The longest message of a condition. */
  readonly message: number
  /** The longest last words of a process; undefined removes them. */
  readonly lastExit: number | undefined
  /** Whether a NIC keeps its PCI address and driver, which the command `devices` shows too. */
  readonly withHardware: boolean
}

/** Tried in this order; the first one that fits is used. */
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
 * The status with messages and details shortened until it has less than 4 KiB. That is possible with 16 NICs, 4
 * profiles and 4 processes. A larger status is made as short as possible.
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

/**
 * Counts characters and not UTF-16 units. A Go server replaces half of a surrogate pair, so it would never have what
 * was written.
 */
const cut = (text: string, length: number): string => {
  const characters = [...text.toWellFormed()]
  return characters.length <= length ? characters.join("") : `${characters.slice(0, length - 1).join("")}${ellipsis}`
}

/** True if two published texts may come from the same text that was shortened differently. */
export const agreeAsFarAsLeft = (a: string, b: string): boolean => a === b || isCutOf(a, b) || isCutOf(b, a)

const isCutOf = (short: string, text: string): boolean =>
  short.endsWith(ellipsis) && text.startsWith(short.slice(0, -ellipsis.length))
