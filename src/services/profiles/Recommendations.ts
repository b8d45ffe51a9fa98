/**
 * Every recommendation from the point of view of one node: whether it matches, its priority, and which profile its name
 * means. ProfileSelection picks the winners.
 */
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { NodePTPCfg, Recommendation } from "../kubernetes/NodePTPCfg.ts"
import { matchedBy } from "./NodeMatch.ts"
import { profileKey } from "./ProfileKey.ts"
import { byText } from "./ResultOrder.ts"
import type { Reference } from "./VersionMemory.ts"

/** The object whose profile is meant, or why no such profile can run. */
type Target =
  | { readonly found: true; readonly config: NodePTPCfg; readonly dangling?: Dangling }
  | { readonly found: false; readonly reason: "InvalidProfile"; readonly config: NodePTPCfg; readonly message: string }
  | Dangling & { readonly found: false }

/** Why a name means no profile, or none for certain. A recommendation that ran keeps its meaning all the same. */
export interface Dangling {
  readonly reason: "MissingProfile" | "AmbiguousProfile"
  readonly message: string
}

/** Comes after every priority that a person can write. */
export const noPriority = Number.MAX_VALUE

/** One entry of a `spec.recommend`. */
export interface Entry {
  readonly by: NodePTPCfg
  /** `spec.recommend[0]`. */
  readonly path: string
  readonly recommendation: Recommendation
  /** The priority of the recommendation; `noPriority` if it has none. */
  readonly rank: number
  readonly matchedBy: string | undefined
  readonly target: Target
}

/** What the recommendations of one object are on a node. */
export type EntriesOf = (by: NodePTPCfg) => ReadonlyArray<Entry>

/**
 * The recommendations of any of these objects. `isInvalid` is true for profiles without any version that can run.
 * `references` are those that ran: while a name means nothing certain, they mean the profile of then, if its object still
 * exists.
 */
export const entriesFor = (
  configs: ReadonlyArray<NodePTPCfg>,
  node: NodeIdentity,
  isInvalid: (uid: string, profile: string) => boolean,
  references: ReadonlyArray<Reference> = []
): EntriesOf => {
  // Most objects recommend their own profiles, so nobody asks for the holders of other ones.
  let known: ReadonlyMap<string, ReadonlyArray<NodePTPCfg>> | undefined
  const holders = (name: string) => (known ??= holdersByProfile(configs)).get(name) ?? []
  const ran = new Map(references.map(({ by, holder, profile }) => [profileKey(by, profile), holder]))
  const meant = (by: NodePTPCfg, profile: string) => {
    const holder = ran.size === 0 ? undefined : ran.get(profileKey(by.uid, profile))
    return holder === undefined ? undefined : configs.find(({ uid }) => uid === holder)
  }
  return (by) =>
    by.recommend.map((recommendation, index): Entry => ({
      by,
      path: `spec.recommend[${index}]`,
      recommendation,
      rank: recommendation.priority ?? noPriority,
      matchedBy: matchedBy(recommendation, node),
      target: resolve(by, recommendation.profile, holders, isInvalid, meant)
    }))
}

const holdersByProfile = (configs: ReadonlyArray<NodePTPCfg>): ReadonlyMap<string, ReadonlyArray<NodePTPCfg>> => {
  const holders = new Map<string, Array<NodePTPCfg>>()
  for (const config of configs) {
    for (const { name } of config.profiles) {
      const known = holders.get(name)
      if (known === undefined) holders.set(name, [config])
      else known.push(config)
    }
  }
  return holders
}

/** A name means the profile of the same object, or else that of the only object that has one. It is never guessed. */
const resolve = (
  by: NodePTPCfg,
  name: string,
  holders: (name: string) => ReadonlyArray<NodePTPCfg>,
  isInvalid: (uid: string, profile: string) => boolean,
  meant: (by: NodePTPCfg, profile: string) => NodePTPCfg | undefined
): Target => {
  const isOwn = by.profiles.some((profile) => profile.name === name)
  const [only, ...others] = isOwn ? [by] : holders(name)
  const dangling = whyDangling(name, only, others)
  const config = dangling === undefined ? only : meant(by, name)
  if (config === undefined || (dangling !== undefined && isInvalid(config.uid, name))) {
    return { found: false, ...(dangling ?? missing(name)) }
  }
  if (isInvalid(config.uid, name)) {
    return {
      found: false,
      reason: "InvalidProfile",
      config,
      message: `profile "${name}" of ${config.name} is not valid`
    }
  }
  return { found: true, config, ...(dangling === undefined ? {} : { dangling }) }
}

const missing = (name: string): Dangling => ({
  reason: "MissingProfile",
  message: `no NodePTPCfg has a profile "${name}"`
})

const whyDangling = (
  name: string,
  holder: NodePTPCfg | undefined,
  others: ReadonlyArray<NodePTPCfg>
): Dangling | undefined => {
  if (holder === undefined) return missing(name)
  if (others.length === 0) return undefined
  const names = [holder, ...others].map((one) => one.name).sort(byText).join(", ")
  return { reason: "AmbiguousProfile", message: `several NodePTPCfgs have a profile "${name}": ${names}` }
}
