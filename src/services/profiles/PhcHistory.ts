/**
 * Which PTP hardware clocks were replaced under their NICs: a card that was pulled and plugged has another clock, often
 * with another index, and a program that holds the old one steers by nothing. NodeMemory keeps it; what
 * does not notice by itself is started anew.
 */
import { Equal } from "effect"
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"

interface KnownPhc {
  readonly index: number
  readonly ifindex: number | undefined
  /** How often another clock came in its place. */
  readonly replacements: number
  readonly isGone: boolean
}

/** By NIC; a NIC that is gone is remembered until it comes back. */
export type PhcHistory = ReadonlyMap<string, KnownPhc>

export const emptyPhcHistory: PhcHistory = new Map()

/** NICs of pods come and go under ever new names, and VLANs among them tell of a clock. */
const mostGone = 256

/** The history after the node's interfaces were seen; the same object when no clock changed. */
export const observePhcs = (history: PhcHistory, interfaces: ReadonlyArray<NetworkInterface>): PhcHistory => {
  const next = new Map(history)
  for (const nic of interfaces) {
    const { ifindex, name, phcIndex } = nic
    const known = history.get(name)
    if (phcIndex === undefined) {
      // A driver that does not answer for a moment has not lost its clock.
      if (known !== undefined && !known.isGone && nic.isTold !== false) next.set(name, { ...known, isGone: true })
    } else if (known === undefined) next.set(name, { index: phcIndex, ifindex, replacements: 0, isGone: false })
    else if (isReplaced(known, nic)) {
      next.set(name, { index: phcIndex, ifindex, replacements: known.replacements + 1, isGone: false })
    } else if (known.index !== phcIndex) next.set(name, { ...known, index: phcIndex })
  }
  const present = new Set(interfaces.map(({ name }) => name))
  for (const [name, known] of history) {
    if (!known.isGone && !present.has(name)) next.set(name, { ...known, isGone: true })
  }
  forgetOldest(next)
  return Equal.equals(next, history) ? history : next
}

/** A bond shows the clock of its active member, and phc2sys follows it there (phc2sys.c, clock_reinit). */
const isReplaced = (known: KnownPhc, { ifindex, kind, phcIndex }: NetworkInterface): boolean =>
  known.isGone || known.ifindex !== ifindex || (known.index !== phcIndex && kind !== "bond")

const forgetOldest = (history: Map<string, KnownPhc>) => {
  const gone = [...history].filter(([, { isGone }]) => isGone).map(([name]) => name)
  for (const name of gone.slice(0, Math.max(0, gone.length - mostGone))) history.delete(name)
}

/**
 * The processes with the replacements of the clocks that they use: their own NICs, those of what they run after, and
 * those that their options name. ptp4l finds a new clock by itself (linuxptp clock.c, clock_switch_phc) and has none.
 */
export const withPhcReplacements = (
  history: PhcHistory,
  processes: ReadonlyArray<ProcessSpec>
): ReadonlyArray<ProcessSpec> => {
  const replaced = new Map(
    [...history].flatMap(([nic, { replacements }]) => replacements > 0 ? [[nic, replacements]] : [])
  )
  if (replaced.size === 0) return processes
  const nicsOf = new Map(processes.map(({ id, interfaces }) => [id, interfaces]))
  return processes.map((spec) => {
    if (spec.program === "ptp4l") return spec
    const used = new Set([...spec.interfaces, ...spec.after.flatMap((id) => nicsOf.get(id) ?? []), ...spec.argv])
    const phcReplacements = [...used].reduce((sum, nic) => sum + (replaced.get(nic) ?? 0), 0)
    return phcReplacements === 0 ? spec : { ...spec, phcReplacements }
  })
}
