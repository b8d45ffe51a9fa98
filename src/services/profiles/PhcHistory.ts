/**
 * Remembers which PTP hardware clocks were replaced under their NICs. After a card was pulled out and plugged in it has
 * a new clock, often with a new index, and a program that still holds the old one steers nothing. Programs that do not
 * notice this by themselves are started again. NodeMemory keeps the history.
 */
import { Equal } from "effect"
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"

interface KnownPhc {
  readonly index: number
  readonly ifindex: number | undefined
  /** How often another clock has taken its place. */
  readonly replacements: number
  readonly isGone: boolean
}

/** By the name of the NIC. A NIC that is gone is remembered until it comes back. */
export type PhcHistory = ReadonlyMap<string, KnownPhc>

export const emptyPhcHistory: PhcHistory = new Map()

/** NICs of pods come and go under new names all the time, and VLANs among them show a clock too. */
const mostGone = 256

/** The history after the interfaces were seen. Returns the same object if no clock was replaced. */
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

/**
 * A bond shows the clock of its active member, and phc2sys follows a change of that by itself (phc2sys.c,
 * clock_reinit).
 */
const isReplaced = (known: KnownPhc, { ifindex, kind, phcIndex }: NetworkInterface): boolean =>
  known.isGone || known.ifindex !== ifindex || (known.index !== phcIndex && kind !== "bond")

const forgetOldest = (history: Map<string, KnownPhc>) => {
  const gone = [...history].filter(([, { isGone }]) => isGone).map(([name]) => name)
  for (const name of gone.slice(0, Math.max(0, gone.length - mostGone))) history.delete(name)
}

/**
 * The processes, each with the number of replacements of the clocks it uses: those of its own NICs, of the processes it
 * depends on, and of its options. ptp4l gets no number, because it finds a new clock by itself (linuxptp clock.c,
 * clock_switch_phc).
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
