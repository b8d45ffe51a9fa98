/**
 * Reads all NodePTPCfg objects as configurations. For an object that cannot be read, its last valid version is used, or
 * nothing.
 */
import { Equal, Result } from "effect"
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import { decodeNodePTPCfg, type NodePTPCfg, objectUid } from "../kubernetes/NodePTPCfg.ts"
import type { PausableWork } from "../PausableWork.ts"
import type { Problem } from "./Decision.ts"
import { byText } from "./ResultOrder.ts"

/** The configurations that are used, and what could not be read. */
export interface ObjectsReading {
  /** Sorted by name. These are also remembered as last valid. */
  readonly configs: ReadonlyArray<NodePTPCfg>
  readonly problems: ReadonlyArray<Problem>
  /** Objects for which nothing is used, not even an earlier version. */
  readonly unreadable: ReadonlyArray<KubernetesObject>
}

/**
 * The decoded objects of one decision, for the next one. A watch keeps unchanged objects as the same value, so these
 * need not be decoded again.
 */
export type KnownObjects = ReadonlyMap<KubernetesObject, DecodedObject>

type DecodedObject = ReturnType<typeof decodeNodePTPCfg>

/** Reads every object. `remembered` are the configurations of the reading before, `before` its decoded objects. */
export function* readObjects(
  objects: ReadonlyArray<KubernetesObject>,
  remembered: ReadonlyArray<NodePTPCfg>,
  before: KnownObjects
): PausableWork<ObjectsReading & { readonly known: KnownObjects }> {
  const lastValid = new Map(remembered.map((config) => [config.uid, config]))
  const known = new Map<KubernetesObject, DecodedObject>()
  const decode = (object: KubernetesObject): DecodedObject => {
    const decoded = before.get(object) ?? decodeNodePTPCfg(object)
    known.set(object, decoded)
    return decoded
  }
  const readings: Array<ObjectsReading> = []
  for (const group of Map.groupBy(objects, nameOf).values()) {
    readings.push(readGroup(group, lastValid, decode))
    yield
  }
  return {
    known,
    configs: readings.flatMap(({ configs }) => configs).sort((a, b) => byText(a.name, b.name) || byText(a.uid, b.uid)),
    problems: readings.flatMap(({ problems }) => problems),
    unreadable: readings.flatMap(({ unreadable }) => unreadable)
  }
}

const nameOf = ({ metadata }: KubernetesObject): string => `${metadata.namespace ?? ""}/${metadata.name}`

/**
 * Reads the objects with one name. An API server has only one; files may contain several, and then none of them is
 * preferred.
 */
const readGroup = (
  group: ReadonlyArray<KubernetesObject>,
  lastValid: ReadonlyMap<string, NodePTPCfg>,
  decode: (object: KubernetesObject) => DecodedObject
): ObjectsReading => {
  const [object, ...others] = group.toSorted((a, b) => byText(objectUid(a), objectUid(b)))
  if (object === undefined) return { configs: [], problems: [], unreadable: [] }
  const problem = (path: string, message: string): Problem => ({
    severity: "error",
    config: object.metadata.name,
    path,
    message
  })
  if (others.some((other) => !Equal.equals(other["spec"], object["spec"]))) {
    const problems = [problem("metadata.name", `${group.length} different objects have this name: none of them counts`)]
    return fallBack(object, lastValid, problems)
  }
  const again: Problem = { ...problem("metadata.name", `is given ${group.length} times`), severity: "warning" }
  const repeated = others.length === 0 ? [] : [again]
  return Result.match(decode(object), {
    onSuccess: (config) => ({ configs: [config], problems: repeated, unreadable: [] }),
    onFailure: (fields) => {
      const problems = fields.map(({ message, path }) => problem(path, message))
      return fallBack(object, lastValid, [...repeated, ...problems])
    }
  })
}

const fallBack = (
  object: KubernetesObject,
  lastValid: ReadonlyMap<string, NodePTPCfg>,
  problems: ReadonlyArray<Problem>
): ObjectsReading => {
  const config = lastValid.get(objectUid(object))
  if (config === undefined) return { configs: [], problems, unreadable: [object] }
  const message = `is not valid: its last valid version${generationText(config.generation)} counts instead`
  const note: Problem = { severity: "warning", config: config.name, path: "spec", message }
  return { configs: [config], problems: [...problems, note], unreadable: [] }
}

/** ` (generation 3)`, or nothing for an object without a generation. */
export const generationText = (generation: number | undefined): string =>
  generation === undefined ? "" : ` (generation ${generation})`
