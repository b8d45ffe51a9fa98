/**
 * The three conditions of a NodePTPDev, from what was decided, what runs and how the clock is. Pure: when a condition
 * changed its status is the publisher's knowledge.
 */
import type { NodeClock } from "../clocks/NodeClock.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { Decision, Problem } from "../profiles/Decision.ts"
import type { Condition } from "./KubernetesObject.ts"

export type ConditionNow = Omit<Condition, "lastTransitionTime">

export interface ConditionFacts {
  /** Undefined until something was decided. */
  readonly decision: Decision | undefined
  readonly linuxptpMissing: boolean
  readonly statuses: ReadonlyArray<ProcessStatus>
  readonly clock: NodeClock | undefined
}

const condition = (
  type: string,
  status: Condition["status"],
  reason: string,
  message: string
): ConditionNow => ({ type, status, reason, message })

/** `Applied`, `Synchronized` and `Degraded`, in this order. */
export const nodeConditions = (facts: ConditionFacts): ReadonlyArray<ConditionNow> => [
  applied(facts),
  synchronized(facts),
  degraded(facts)
]

/** True when every process of the newest configuration is ready and nothing of it was refused. */
const applied = ({ decision, linuxptpMissing, statuses }: ConditionFacts): ConditionNow => {
  if (linuxptpMissing) {
    return condition("Applied", "False", "LinuxptpMissing", "linuxptp is not installed, or its version cannot be read")
  }
  if (decision === undefined) {
    return condition("Applied", "Unknown", "Pending", "the configuration has not been read yet")
  }
  const mistakes = decision.problems.filter((problem) => problem.severity === "error" && problem.elsewhere !== true)
  if (mistakes.length > 0) {
    return condition("Applied", "False", "InvalidConfiguration", mistakes.map(problemText).join("; "))
  }
  if (decision.profiles.length === 0) {
    return condition("Applied", "True", "NoProfile", "no profile is recommended for this node")
  }
  const waiting = decision.processes.flatMap(({ id }) => {
    const status = statuses.find((other) => other.id === id)
    return status?.state === "Running" ? [] : [`${id}: ${waitingText(status)}`]
  })
  return waiting.length > 0
    ? condition("Applied", "False", "ProcessesNotReady", waiting.join("; "))
    : condition("Applied", "True", "Applied", `runs ${decision.profiles.map((profile) => profile.name).join(", ")}`)
}

const synchronized = ({ clock, decision }: ConditionFacts): ConditionNow => {
  if (decision === undefined || decision.profiles.length === 0 || clock === undefined) {
    return condition("Synchronized", "Unknown", "NoProfile", "no profile runs on this node")
  }
  return clock.state === "LOCKED"
    ? condition("Synchronized", "True", "Locked", "the clock follows its grandmaster")
    : condition("Synchronized", "False", clock.reason, clockTexts[clock.state])
}

const clockTexts = {
  HOLDOVER: "the clock has lost its grandmaster and holds its last frequency",
  FREERUN: "the clock runs on its own oscillator"
} as const

/** The first death is an accident that the restart heals. */
const troublingDeaths = 2

/** True while something needs a look: a process that keeps dying, is not ready in time or can't be reaped. */
const degraded = ({ statuses }: ConditionFacts): ConditionNow => {
  const unreaped = statuses.filter((status) => status.state === "Stopping" && status.reason !== undefined)
  // Not by its state: between two deaths it runs, and the condition would change with each of them.
  const dying = statuses.filter((status) => status.deaths >= troublingDeaths)
  const late = statuses.filter((status) => status.state === "Starting" && status.reason?.startsWith("not ready"))
  const [reason, texts] = unreaped.length > 0
    ? ["ProcessNotReaped", unreaped.map((status) => `${status.id}: ${waitingText(status)}`)] as const
    : dying.length > 0
    ? ["ProcessBackOff", dying.map(dyingText)] as const
    : ["ProcessNotReady", late.map((status) => `${status.id}: ${waitingText(status)}`)] as const
  return texts.length === 0
    ? condition("Degraded", "False", "AsExpected", "every process runs as expected")
    : condition("Degraded", "True", reason, texts.join("; "))
}

const dyingText = ({ deaths, id, lastExit, reason }: ProcessStatus): string =>
  `${id}: ${deaths} deaths in a row, the last: ${lastExit ?? reason ?? "for an unknown reason"}`

const waitingText = (status: ProcessStatus | undefined): string =>
  status === undefined
    ? "not started yet"
    : status.reason ?? (status.lastExit === undefined ? status.state : `${status.state} after ${status.lastExit}`)

const problemText = ({ config, message, path }: Problem): string =>
  path === "" ? `${config}: ${message}` : `${config}: ${path}: ${message}`
