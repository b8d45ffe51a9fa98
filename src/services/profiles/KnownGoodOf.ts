/**
 * What is worth keeping of a configuration that works on a node, and the objects that it becomes again at the next
 * start. Cutting it down to what runs keeps the file small, whatever the cluster has, and makes it the same one for
 * every edit elsewhere.
 */
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { NodePTPCfg } from "../kubernetes/NodePTPCfg.ts"
import type { KnownGood } from "./LastKnownGood.ts"
import { profileKey } from "./ProfileKey.ts"
import { entriesFor } from "./Recommendations.ts"
import type { ValidProfile, VersionMemory } from "./VersionMemory.ts"

/** A profile that runs, by the uid of the object that holds it. */
export interface RunningProfile {
  readonly uid: string
  readonly name: string
}

/**
 * The part of `memory` that makes `running` win again on `node`. A profile stands in its object as it last worked,
 * else as it was last valid: whatever stands there by now, this is what ran.
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
  // The names are resolved among all objects: among fewer of them one could mean another profile.
  const entries = entriesFor(memory.objects, node, () => false).filter(({ matchedBy, recommendation, target }) =>
    matchedBy !== undefined && target.found && keys.has(profileKey(target.config.uid, recommendation.profile))
  )
  const cut = (object: NodePTPCfg): NodePTPCfg => {
    const held = object.profiles.flatMap(({ name }) => versions.get(profileKey(object.uid, name)) ?? [])
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
      objects: memory.objects.map(cut).filter((object) => object.profiles.length + object.recommend.length > 0),
      profiles,
      worked,
      // Also of what does not run: it would be tried again, and stop what runs for it.
      rejected: memory.rejected
    }
  }
}

const keyOf = ({ profile, uid }: ValidProfile): string => profileKey(uid, profile.name)

/** That of what the object holds. Versions of several generations make an object that had none of them. */
const generationOf = (object: NodePTPCfg, held: ReadonlyArray<ValidProfile>): Pick<NodePTPCfg, "generation"> => {
  const [generation, ...others] = new Set(held.length === 0 ? [object.generation] : held.map((one) => one.generation))
  return generation === undefined || others.length > 0 ? {} : { generation }
}

/** The objects of a configuration that worked, as the API server would give them to `decide`. */
export const objectsOf = ({ memory }: KnownGood): ReadonlyArray<KubernetesObject> =>
  memory.objects.map(({ generation, name, profiles, recommend, uid }) => ({
    metadata: { name, uid, ...(generation === undefined ? {} : { generation }) },
    spec: { profile: profiles, recommend }
  }))
