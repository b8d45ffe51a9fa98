/**
 * Where profiles are selected: which profiles win on a node by their recommendations, and why every other one does not.
 * It is a pure function of all NodePTPCfg objects and the node. SettleWinners calls it again
 * without the profiles that turn out not to run here, and ProfileConflicts decides between winners that exclude each
 * other.
 */
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { NodePTPCfg } from "../kubernetes/NodePTPCfg.ts"
import { complete, type PausableWork } from "../PausableWork.ts"
import type { Problem, SkippedProfile, SkipReason } from "./Decision.ts"
import { deadRules } from "./NodeMatch.ts"
import { profileKey } from "./ProfileKey.ts"
import { entriesFor, type Entry, noPriority } from "./Recommendations.ts"
import { byText } from "./ResultOrder.ts"
import type { Reference } from "./VersionMemory.ts"

/** A profile that won by its priority. */
export interface SelectedProfile {
  /** Name and uid of the object that contains the profile. */
  readonly config: string
  readonly uid: string
  readonly name: string
  readonly priority: number | null
  readonly matchedBy: string
  /** The names of the objects that recommend it at this priority, one for each recommendation. */
  readonly recommendedBy: ReadonlyArray<string>
}

/** The winners on a node by priority alone, and why the others lost. */
export interface Selection {
  /** Profiles that would run on this node if they were valid. */
  readonly invalid: ReadonlyArray<{ readonly uid: string; readonly name: string }>
  /** Sorted by (object name, profile name). */
  readonly winners: ReadonlyArray<SelectedProfile>
  readonly skipped: ReadonlyArray<SkippedProfile>
  readonly problems: ReadonlyArray<Problem>
  /** What the names of the winners mean, and of those that dangle and match. */
  readonly references: ReadonlyArray<Reference>
}

/**
 * Picks the profiles at the lowest priority number that matches `node` and has a profile that can run. `isInvalid` is
 * true for profiles without any version that can run; they count as missing. The order of objects, profiles and
 * recommendations never matters. `skipped` is empty unless `isExplained`.
 */
export const selectProfiles = (...given: Parameters<typeof selectWithPauses>): Selection =>
  complete(selectWithPauses(...given))

/** The same. */
export function* selectWithPauses(
  configs: ReadonlyArray<NodePTPCfg>,
  node: NodeIdentity,
  isInvalid: (uid: string, profile: string) => boolean = () => false,
  known: ReadonlyArray<Reference> = [],
  isExplained = true
): PausableWork<Selection> {
  const entriesOf = entriesFor(configs, node, isInvalid, known)
  const entries: Array<Entry> = []
  for (const config of configs) {
    entries.push(...entriesOf(config))
    yield
  }
  const running = entries.filter((entry) => entry.matchedBy !== undefined && entry.target.found)
  const winningRank = running.reduce((best, entry) => Math.min(best, entry.rank), Infinity)
  const winners = winnersOf(running.filter((entry) => entry.rank === winningRank))
  const problems: Array<Problem> = []
  for (const entry of entries) {
    problems.push(...entryProblems(entry, winningRank))
    yield
  }
  return {
    winners,
    invalid: entries.flatMap((entry) => {
      const { target } = entry
      if (target.found || target.reason !== "InvalidProfile" || !counts(entry, winningRank)) return []
      return [{ uid: target.config.uid, name: entry.recommendation.profile }]
    }),
    skipped: isExplained
      ? [
        ...entries.flatMap((entry) => skippedEntry(entry, node, winningRank, winners)),
        ...notRecommended(configs, entries)
      ]
      : [],
    problems,
    references: running.flatMap(({ by, rank, recommendation, target }) =>
      target.found && (rank === winningRank || target.dangling !== undefined)
        ? [{ by: by.uid, profile: recommendation.profile, holder: target.config.uid }]
        : []
    )
  }
}

/** Whether the node would run the recommended profile if it existed. */
const counts = (entry: Entry, winningRank: number): boolean =>
  entry.matchedBy !== undefined && entry.rank <= winningRank

/** One winner for each profile, however many recommendations it has. */
const winnersOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<SelectedProfile> => {
  const winners = new Map<string, SelectedProfile>()
  for (const { by, matchedBy: rule, recommendation, target } of entries) {
    if (!target.found || rule === undefined) continue
    const { name, uid } = target.config
    const key = profileKey(uid, recommendation.profile)
    const earlier = winners.get(key)
    winners.set(key, {
      config: name,
      uid,
      name: recommendation.profile,
      priority: recommendation.priority ?? null,
      matchedBy: earlier === undefined ? rule : betterRule(earlier.matchedBy, rule),
      recommendedBy: [...earlier?.recommendedBy ?? [], by.name].sort(byText)
    })
  }
  return [...winners.values()].sort((a, b) => byText(a.config, b.config) || byText(a.name, b.name))
}

/** Among several recommendations for one profile, a nodeName is reported before a nodeLabel, then the smaller text. */
const betterRule = (a: string, b: string): string => {
  const named = Number(b.startsWith("nodeName ")) - Number(a.startsWith("nodeName "))
  return (named || byText(a, b)) <= 0 ? a : b
}

const skippedEntry = (
  { by, matchedBy: rule, rank, recommendation, target }: Entry,
  node: NodeIdentity,
  winningRank: number,
  winners: ReadonlyArray<SelectedProfile>
): ReadonlyArray<SkippedProfile> => {
  const row = (
    reason: SkipReason,
    message: string
  ) => [{ config: by.name, name: recommendation.profile, reason, message }]
  if (rule === undefined) return row("NoMatch", `no rule matches node ${node.name}`)
  if (rank > winningRank) {
    const names = winners.map((winner) => `"${winner.name}" of ${winner.config}`).join(", ")
    return row("LowerPriority", `${priorityText(rank)} comes after ${priorityText(winningRank)} of ${names}`)
  }
  return target.found ? [] : row(target.reason, `${rule} matches, but ${target.message}`)
}

const priorityText = (rank: number): string => (rank === noPriority ? "no priority" : `priority ${rank}`)

const notRecommended = (
  configs: ReadonlyArray<NodePTPCfg>,
  entries: ReadonlyArray<Entry>
): ReadonlyArray<SkippedProfile> => {
  const own = new Set(entries.map(({ by, recommendation }) => profileKey(by.uid, recommendation.profile)))
  const fromOutside = new Set(
    entries
      .filter(({ by, recommendation }) => by.profiles.every(({ name }) => name !== recommendation.profile))
      .map(({ recommendation }) => recommendation.profile)
  )
  return configs.flatMap((config) =>
    config.profiles
      .filter(({ name }) => !own.has(profileKey(config.uid, name)) && !fromOutside.has(name))
      .map(({ name }) => ({
        config: config.name,
        name,
        reason: "NotRecommended" as const,
        message: "no NodePTPCfg recommends it"
      }))
  )
}

const entryProblems = (entry: Entry, winningRank: number): ReadonlyArray<Problem> => {
  const problem = (severity: Problem["severity"], path: string, message: string): Problem => ({
    severity,
    config: entry.by.name,
    path: `${entry.path}${path}`,
    message
  })
  const { target } = entry
  const problems = deadRules(entry.recommendation).map(({ message, path }) => problem("warning", `.${path}`, message))
  if (entry.recommendation.priority === undefined) {
    problems.push(problem("warning", ".priority", "is missing: the entry ranks after all others"))
  }
  const severity = counts(entry, winningRank) ? "error" : "warning"
  if (target.found) {
    if (target.dangling === undefined) return problems
    const { message, reason } = target.dangling
    const runsOn = `what ran by it, profile "${entry.recommendation.profile}" of ${target.config.name}, goes on`
    return [...problems, { ...problem(severity, ".profile", `${message}; ${runsOn}`), reason }]
  }
  // An invalid profile is reported with the fields that make it invalid, and not here.
  return target.reason === "InvalidProfile"
    ? problems
    : [...problems, { ...problem(severity, ".profile", target.message), reason: target.reason }]
}
