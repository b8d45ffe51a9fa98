/**
 * Decides which winners may run together: each NIC is a port of one profile, its clock is steered by a pulse in one, the
 * system clock has one writer, and each process has an id of its own. The plans say what each profile uses.
 */
import type { Program } from "../linuxptp/Program.ts"
import type { SkipReason } from "./Decision.ts"
import { processId } from "./ProcessId.ts"
import { byText } from "./ResultOrder.ts"

/** What a profile claims for itself. */
export interface Claimant {
  /** Name of the NodePTPCfg. */
  readonly config: string
  readonly name: string
  /** NICs that are ports of ptp4l, or belong to a timemaster. */
  readonly ports: ReadonlyArray<string>
  /**
   * NICs whose clock ts2phc or timemaster steers. Such a NIC may be a port of another profile's ptp4l, as in a telecom
   * boundary clock whose serving half is a profile of its own.
   */
  readonly steeredNics: ReadonlyArray<string>
  readonly systemClockWriters: ReadonlyArray<Program>
  /** It is not expected to start here, and must not keep another one from running. */
  readonly isDoubtful?: boolean
}

/** A claimant that does not run, because another one has what it claims. */
export interface Conflict<A extends Claimant> {
  readonly loser: A
  readonly reason: Extract<SkipReason, "InvalidProfile" | "InterfaceConflict" | "ClockConflict">
  readonly message: string
}

/**
 * The first one by (object name, profile name) runs, a doubtful one after all others. Another one that claims the same
 * does not run at all.
 */
export const findConflicts = <A extends Claimant>(
  claimants: ReadonlyArray<A>
): { readonly running: ReadonlyArray<A>; readonly conflicts: ReadonlyArray<Conflict<A>> } => {
  const running: Array<A> = []
  const conflicts: Array<Conflict<A>> = []
  for (const claimant of claimants.toSorted(inOrder)) {
    const conflict = conflictWith(running, claimant)
    if (conflict === undefined) running.push(claimant)
    else conflicts.push(conflict)
  }
  return { running, conflicts }
}

const inOrder = (a: Claimant, b: Claimant): number =>
  Number(a.isDoubtful === true) - Number(b.isDoubtful === true) || byText(a.config, b.config) || byText(a.name, b.name)

const conflictWith = <A extends Claimant>(running: ReadonlyArray<A>, loser: A): Conflict<A> | undefined => {
  const id = idOf(loser)
  const namesake = running.find((other) => idOf(other) === id)
  if (namesake !== undefined) {
    const message = `its processes would have the same ids as those of ${describe(namesake)}: rename one of the two`
    return { loser, reason: "InvalidProfile", message }
  }
  for (const nic of loser.ports) {
    const owner = running.find(({ ports }) => ports.includes(nic))
    if (owner !== undefined) {
      return { loser, reason: "InterfaceConflict", message: `${nic} belongs to ${describe(owner)}` }
    }
  }
  for (const nic of loser.steeredNics) {
    const other = running.find(({ steeredNics }) => steeredNics.includes(nic))
    if (other !== undefined) {
      return { loser, reason: "InterfaceConflict", message: `the clock of ${nic} is steered by ${describe(other)}` }
    }
  }
  const writer = running.find(({ systemClockWriters }) => systemClockWriters.length > 0)
  const [program] = loser.systemClockWriters
  if (writer === undefined || program === undefined) return undefined
  const message = `${program} would steer the system clock, as ${writer.systemClockWriters.join()} of ` +
    `${describe(writer)} does`
  return { loser, reason: "ClockConflict", message }
}

/** Whatever programs the profile starts: an edit that adds one must not make a conflict. */
const idOf = ({ config, name }: Claimant): string => processId("ptp4l", config, name)

const describe = ({ config, name }: Claimant): string => `profile "${name}" of ${config}`
