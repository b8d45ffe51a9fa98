/**
 * Interfaces that a profile names and its node does not have. Often that is a typo, so nothing that works is stopped for
 * such a version; and sometimes the NIC comes later.
 */
import { didYouMean } from "../DidYouMean.ts"
import { isPulseSource } from "../linuxptp/ClockName.ts"
import { isInterfaceName } from "../linuxptp/ValuePattern.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProfilePlan } from "./ProfilePlan.ts"

/** A plan is looked at by each decision, and there may be thousands. */
const named = new WeakMap<ProfilePlan, ReadonlyArray<string>>()

/** Every interface that the programs of a profile are told to use: their ports, and the clocks of NICs. */
export const namedInterfaces = (plan: ProfilePlan): ReadonlyArray<string> => {
  const known = named.get(plan)
  if (known !== undefined) return known
  const names = [...new Set(plan.processes.flatMap((spec) => [...spec.interfaces, ...namedClocks(spec)]))]
  named.set(plan, names)
  return names
}

/** `-s` and `-c` name clocks: a NIC, a device, a clock of the system, or a source of pulses. */
const namedClocks = ({ argv, program }: ProcessSpec): ReadonlyArray<string> =>
  program === "phc2sys" || program === "ts2phc"
    ? argv.filter((word, index) => isNicName(word) && (argv[index - 1] === "-s" || argv[index - 1] === "-c"))
    : []

const isNicName = (word: string): boolean =>
  isInterfaceName(word) && !isPulseSource(word) && !word.startsWith("CLOCK_") && !word.startsWith("-")

/** `worker-1 has no interface ens787fl (did you mean ens787f1?)`. */
export const missingText = (node: string, nic: string, known: ReadonlyArray<string>): string => {
  const meant = known.find((other) => shape(other) === shape(nic)) ?? didYouMean(nic, known)
  return `${node} has no interface ${nic}${meant === undefined ? "" : ` (did you mean ${meant}?)`}`
}

/** Letters and digits that look alike are what a person mixes up first. */
const shape = (name: string): string => name.toLowerCase().replace(/[il]/g, "1").replace(/o/g, "0")
