/**
 * The rule for children. A child may start because the server held a configuration that wants it. It may stop because
 * the server held one that does not want it, or that replaces a process on which it depends. An error or a silence of
 * the API server is never a reason. The rule knows each state that the server has held since the client was last in
 * sync.
 */
import { Equal } from "effect"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import type { Child } from "../simulation/Child.ts"
import { decisionOf, type Written } from "./Cluster.ts"

export interface ConfigurationLaw {
  /** The server holds this from now on. */
  readonly onWritten: (written: Written) => void
  /** The client has the newest; what was before is no reason any more. */
  readonly forget: () => void
  readonly judgeStart: (spec: ProcessSpec) => void
  readonly judgeStop: (child: Child, living: ReadonlyArray<Child>) => void
}

export const makeConfigurationLaw = (breach: (text: string) => void): ConfigurationLaw => {
  let held: Array<Written> = []
  let known: ReadonlyArray<ReadonlyArray<ProcessSpec>> | undefined

  /** What any of them wants; two watches need not be equally far. */
  const wishes = () => {
    known ??= held.flatMap(({ configs }) => held.map(({ node }) => decisionOf({ configs, node }).processes))
    return known
  }
  const isWanted = (spec: ProcessSpec) => wishes().some((specs) => specs.some((other) => Equal.equals(other, spec)))
  const isUnwanted = (spec: ProcessSpec) => wishes().some((specs) => !specs.some((other) => Equal.equals(other, spec)))

  return {
    onWritten: (written) => {
      if (Equal.equals(held.at(-1), written)) return
      held.push(written)
      known = undefined
    },
    forget: () => {
      held = held.slice(-1)
      known = undefined
    },
    judgeStart: (spec) => {
      if (!isWanted(spec)) breach(`start of ${spec.id}: no configuration wants it`)
    },
    judgeStop: ({ pid, spec }, living) => {
      const servers = living.filter((other) => spec.after.includes(other.spec.id))
      if (isUnwanted(spec) || servers.some((server) => isUnwanted(server.spec))) return
      breach(`stop of ${spec.id}, pid ${pid}: every configuration since the last sync wants it`)
    }
  }
}
