/**
 * The three conditions of a NodePTPDev, from the decision, the processes and the clock. Pure. NodeStatus adds the time
 * at which a condition changed.
 */
import type { ClockReason, NodeClock } from "../clocks/NodeClock.ts"
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { Condition } from "../kubernetes/KubernetesObject.ts"
import { hintForMessage } from "../linuxptp/KnownFaults.ts"
import type { Complaint, ProcessStatus } from "../processes/ProcessSupervisor.ts"
import { type Decision, mistakesOf, type Problem } from "../profiles/Decision.ts"

export type ConditionNow = Omit<Condition, "lastTransitionTime">

export interface ConditionFacts {
  /** Undefined until something was decided. */
  readonly decision: Decision | undefined
  /** True while the decision comes from disk, because the API server has not answered yet. */
  readonly isFromDisk: boolean
  readonly linuxptpMissing: boolean
  readonly statuses: ReadonlyArray<ProcessStatus>
  readonly clock: NodeClock | undefined
  /** All interfaces of the node. */
  readonly interfaces: ReadonlyArray<NetworkInterface>
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

/** True if every process of the newest configuration is ready and nothing in it was refused. */
const applied = ({ decision, isFromDisk, linuxptpMissing, statuses }: ConditionFacts): ConditionNow => {
  if (linuxptpMissing) {
    return condition("Applied", "False", "LinuxptpMissing", "linuxptp is not installed, or its version cannot be read")
  }
  if (decision === undefined) {
    return condition("Applied", "Unknown", "Pending", "the configuration has not been read yet")
  }
  if (isFromDisk) {
    return condition(
      "Applied",
      "Unknown",
      "Pending",
      "runs the last configuration that worked, until the API server answers"
    )
  }
  const mistakes = mistakesOf(decision)
  if (mistakes.length > 0) {
    return condition("Applied", "False", reasonOf(mistakes), mistakes.map(problemText).join("; "))
  }
  if (decision.rolledBack.length > 0) {
    const messages = decision.rolledBack.map(({ config, message }) => `${config}: ${message}`)
    // What waits for an edit needs a person more than what is tried again.
    const reason = decision.rolledBack.some((one) => one.reason === "RolledBack") ? "RolledBack" : "StartFailed"
    return condition("Applied", "False", reason, messages.join("; "))
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
    : condition("Applied", "True", "Applied", runningText(decision))
}

/** One kind of mistake has a reason of its own, several have not. */
const reasonOf = (mistakes: ReadonlyArray<Problem>): string => {
  const [reason, ...others] = new Set(mistakes.map((mistake) => mistake.reason))
  return others.length > 0 ? "InvalidConfiguration" : reason ?? "InvalidConfiguration"
}

/** A profile that starts no program is a warning and not a mistake. */
const runningText = ({ processes, profiles }: Decision): string => {
  const names = profiles.map(({ name }) => name).join(", ")
  return processes.length === 0 ? `${names} starts no program: nothing runs` : `runs ${names}`
}

const synchronized = ({ clock, decision }: ConditionFacts): ConditionNow => {
  if (decision === undefined || decision.profiles.length === 0 || clock === undefined) {
    return condition("Synchronized", "Unknown", "NoProfile", "no profile runs on this node")
  }
  return clock.state === "LOCKED"
    ? condition("Synchronized", "True", "Locked", clockTexts.Locked)
    : condition("Synchronized", "False", clock.reason, clockTexts[clock.reason])
}

const clockTexts: Readonly<Record<ClockReason, string>> = {
  Locked: "the clock follows its grandmaster",
  Holdover: "the clock was locked a moment ago and holds its last frequency",
  NoProcess: "nothing runs that would steer the clock: see Applied and Degraded",
  PortFaulty: "the port that follows the grandmaster is FAULTY: the clock runs on its own oscillator",
  Listening: "no grandmaster is heard: the clock runs on its own oscillator",
  Unlocked: "the servo has not settled, or its offsets have stopped",
  OffsetOutOfBounds: "the offset is beyond ptpClockThreshold",
  NotSteered: "linuxptp cannot adjust the clock, so nothing steers it: see Degraded",
  GrandmasterLost: "no grandmaster is heard any more: this clock serves the time of its own oscillator",
  Grandmaster: "this node is the grandmaster, on its own oscillator"
}

/** The first death is an accident that a restart heals. */
const troublingDeaths = 2

/** The reasons for complaints, the worst first. */
const complaintReasons = [
  ["DeviceClaimed", "DeviceClaimed"],
  ["Stalled", "ProcessStalled"],
  ["NotReady", "ProcessNotReady"],
  ["NotAnswering", "ManagementSocketDead"],
  ["NotScheduled", "SchedulingNotApplied"]
] as const

const complaintTexts = (statuses: ReadonlyArray<ProcessStatus>, kind: Complaint["kind"]): ReadonlyArray<string> =>
  statuses.flatMap(({ complaints, id }) =>
    complaints.filter((complaint) => complaint.kind === kind).map(({ text }) => `${id}: ${text}`)
  )

/**
 * True while something needs attention: a process that cannot be reaped, keeps dying, is late or silent, a NIC that is
 * gone, or an alarm of a clock.
 */
const degraded = ({ clock, decision, interfaces, statuses }: ConditionFacts): ConditionNow => {
  // Not by the state: between two deaths the process runs, and the condition would change with each death.
  const dying = statuses.filter((status) => status.deaths >= troublingDeaths)
  const troubles: ReadonlyArray<readonly [reason: string, texts: ReadonlyArray<string>]> = [
    ["ProcessNotReaped", complaintTexts(statuses, "NotReaped")],
    ["InterfaceMissing", missingTexts(decision, interfaces)],
    ["ConfigurationError", dying.filter(isMisconfigured).map(dyingText)],
    ["ProcessBackOff", dying.filter((status) => !isMisconfigured(status)).map(dyingText)],
    ...complaintReasons.map(([kind, reason]) => [reason, complaintTexts(statuses, kind)] as const),
    ...(clock?.alarms ?? []).map(({ message, reason }) => [reason, [message]] as const)
  ]
  const worst = troubles.find(([, texts]) => texts.length > 0)
  if (worst === undefined) return condition("Degraded", "False", "AsExpected", "every process runs as expected")
  return condition("Degraded", "True", worst[0], troubles.flatMap(([, texts]) => texts).join("; "))
}

/** The NICs that programs should use and that are gone. A node without any interface is one that cannot be seen. */
const missingTexts = (
  decision: Decision | undefined,
  interfaces: ConditionFacts["interfaces"]
): ReadonlyArray<string> => {
  const present = new Set(interfaces.map(({ name }) => name))
  if (present.size === 0) return []
  return (decision?.processes ?? []).flatMap(({ id, interfaces: used }) =>
    used.filter((name) => !present.has(name)).map((name) => `${id}: ${name} is gone: this node has no such NIC now`)
  )
}

const isMisconfigured = ({ configurationErrors }: ProcessStatus): boolean => configurationErrors > 0

const dyingText = ({ deaths, id, lastExit, reason }: ProcessStatus): string =>
  `${id}: ${deaths} deaths in a row, the last: ${withHint(lastExit ?? reason ?? "for an unknown reason")}`

/** Adds what to check, if the words of linuxptp are known. */
const withHint = (lastExit: string): string => {
  // After a signal the last line may be old, and its hint would be misleading.
  if (lastExit.startsWith("SIG")) return lastExit
  const words = lastExit.replace(/^exit code \d+: /, "")
  const hint = words.split("; ").map(hintForMessage).find((known) => known !== undefined)
  return hint === undefined ? lastExit : `${lastExit} (${hint})`
}

const waitingText = (status: ProcessStatus | undefined): string =>
  status === undefined
    ? "not started yet"
    : status.complaints[0]?.text ?? status.reason ??
      (status.lastExit === undefined ? status.state : `${status.state} after ${status.lastExit}`)

const problemText = ({ config, message, path }: Problem): string =>
  path === "" ? `${config}: ${message}` : `${config}: ${path}: ${message}`
