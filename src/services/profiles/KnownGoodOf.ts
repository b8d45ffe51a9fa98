/**
 * The part of a working configuration that is saved to disk, and how it becomes objects again at the next start. Only
 * what this node runs is saved. So the file is small in any cluster, and edits of other profiles do not change it.
 */
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { NodePTPCfg } from "../kubernetes/NodePTPCfg.ts"
import type { KnownGood } from "./LastKnownGood.ts"
import { profileKey } from "./ProfileKey.ts"
import { entriesFor } from "./Recommendations.ts"
import type { ValidProfile, VersionMemory } from "./VersionMemory.ts"

/** A profile that runs. `uid` is that of its object. */
export interface RunningProfile {
  readonly uid: string
  readonly name: string
}

/**
 * The part of `memory` that makes `running` win again on `node`. Each profile is saved in the version that worked last,
 * or else in the one that was valid last, because that is what ran, whatever the object contains now.
 */
export const knownGoodOf = ({ memory, node, running }: {
  readonly memory: VersionMemory
  readonly node: NodeIdentity
  readonly running: ReadonlyArray<RunningProfile>
}): KnownGood => {
  const keys = new Set(running.map(({ name, uid }) => profileKey(uid, name)))
  const runs = (valid: ValidProfile) => keys.has(keyOf(valid))
  const profiles = memory.profiles.filter(runs)
  const worked = memory.worked.filter(runs)
  const versions = new Map([...profiles, ...worked].map((valid) => [keyOf(valid), valid]))
  // The names are resolved among all objects. Among fewer objects a name could mean another profile.
  const references = (memory.references ?? []).filter(({ holder, profile }) => keys.has(profileKey(holder, profile)))
  const names = new Set(running.map(({ name }) => name))
  const isMeant = ({ recommend }: NodePTPCfg) => recommend.some(({ profile }) => names.has(profile))
  const entries = memory.objects.filter(isMeant).flatMap(entriesFor(memory.objects, node, () => false, references))
    .filter(({ matchedBy, recommendation, target }) =>
      matchedBy !== undefined && target.found && keys.has(profileKey(target.config.uid, recommendation.profile))
    )
  const involved = new Set([...running.map(({ uid }) => uid), ...entries.map(({ by }) => by.uid)])
  const cut = (object: NodePTPCfg): NodePTPCfg => {
    // A profile that a recommendation still means may have been removed from its object.
    const names = new Set(
      [...object.profiles, ...running.filter(({ uid }) => uid === object.uid)].map(({ name }) => name)
    )
    const held = [...names].flatMap((name) => versions.get(profileKey(object.uid, name)) ?? [])
    return {
      name: object.name,
      uid: object.uid,
      ...generationOf(object, held),
      profiles: held.map(({ profile }) => profile),
      recommend: entries.filter(({ by }) => by === object).map(({ recommendation }) => recommendation)
    }
  }
  return {
    node,
    memory: {
      objects: memory.objects.filter(({ uid }) => involved.has(uid)).map(cut).filter(({ profiles, recommend }) =>
        profiles.length + recommend.length > 0
      ),
      profiles,
      worked,
      // Rejections of other profiles are kept too. Otherwise these would be tried again, and running processes would be
      // stopped for them.
      rejected: memory.rejected,
      ...(references.length === 0 ? {} : { references })
    }
  }
}

const keyOf = ({ profile, uid }: ValidProfile): string => profileKey(uid, profile.name)

/**
 * The object's generation. If its profiles are versions of several generations, there has never been such an object,
 * and it gets none.
 */
const generationOf = (object: NodePTPCfg, held: ReadonlyArray<ValidProfile>): Pick<NodePTPCfg, "generation"> => {
  const [generation, ...others] = new Set(held.length === 0 ? [object.generation] : held.map((one) => one.generation))
  return generation === undefined || others.length > 0 ? {} : { generation }
}

/** The objects of a configuration that worked, in the form in which the API server would give them to `decide`. */
export const objectsOf = ({ memory }: KnownGood): ReadonlyArray<KubernetesObject> =>
  memory.objects.map(({ generation, name, profiles, recommend, uid }) => ({
    metadata: { name, uid, ...(generation === undefined ? {} : { generation }) },
    spec: { profile: profiles, recommend }
  }))
