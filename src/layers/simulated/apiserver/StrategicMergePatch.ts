/**
 * Strategic merge patch, which kubectl sends for built-in kinds. Lists of objects are merged by a key, and directives
 * (`$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`) change the rules. `$setElementOrder/…` is accepted and
 * ignored: order has no meaning in the lists that this server stores.
 */
import { at, isList, isObject, type Json, type JsonObject, listAt, textAt } from "./JsonTree.ts"

const deletion = "$deleteFromPrimitiveList/"

/**
 * The field by which the items of a list are merged, by the name of the list (patchMergeKey in k8s.io/api). Other lists
 * are replaced as a whole.
 */
const mergeKeys: Readonly<Record<string, ReadonlyArray<string>>> = {
  addresses: ["type"],
  conditions: ["type"],
  containers: ["name"],
  env: ["name"],
  ephemeralContainers: ["name"],
  hostAliases: ["ip"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ownerReferences: ["uid"],
  // The lists of containers and of services.
  ports: ["containerPort", "port"],
  secrets: ["name"],
  taints: ["key"],
  topologySpreadConstraints: ["topologyKey"],
  volumeDevices: ["devicePath"],
  volumeMounts: ["mountPath"],
  volumes: ["name"]
}

/** Applies the patch to an object of a built-in kind. */
export const strategicMergePatch = (target: Json | undefined, patch: Json, field = ""): Json => {
  if (isList(patch)) return mergeLists(isList(target) ? target : [], patch, field)
  if (!isObject(patch)) return patch
  if (textAt(patch, "$patch") === "replace") return withoutDirectives(patch)
  if (textAt(patch, "$patch") === "delete") return null
  return mergeObjects(isObject(target) ? target : {}, patch)
}

const mergeObjects = (target: JsonObject, patch: JsonObject): JsonObject => {
  const retained = Object.hasOwn(patch, "$retainKeys") ? listAt(patch, "$retainKeys") : undefined
  const merged = new Map(Object.entries(target).filter(([key]) => retained === undefined || retained.includes(key)))
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(deletion)) {
      const field = key.slice(deletion.length)
      const gone = isList(value) ? value : []
      merged.set(field, listAt(Object.fromEntries(merged), field).filter((item) => !gone.includes(item)))
    } else if (!key.startsWith("$")) {
      const result = strategicMergePatch(merged.get(key), value, key)
      if (result === null) merged.delete(key)
      else merged.set(key, result)
    }
  }
  return Object.fromEntries(merged)
}

const mergeLists = (target: ReadonlyArray<Json>, patch: ReadonlyArray<Json>, field: string): Json => {
  const keys = Object.hasOwn(mergeKeys, field) ? mergeKeys[field] ?? [] : []
  const items = patch.filter((item) => !(isObject(item) && Object.keys(item).join() === "$patch"))
  const replaces = patch.some((item) => textAt(item, "$patch") === "replace")
  if (field === "finalizers") return [...new Set([...target, ...items])]
  if (keys.length === 0 || replaces) return items.map(withoutDirectives)
  const merged = new Map(target.map((item, index) => [itemKey(keys, item) ?? String(index), item]))
  for (const item of items) {
    const key = itemKey(keys, item) ?? `new ${merged.size}`
    if (textAt(item, "$patch") === "delete") merged.delete(key)
    else merged.set(key, strategicMergePatch(merged.get(key), item))
  }
  return [...merged.values()]
}

const itemKey = (keys: ReadonlyArray<string>, item: Json): string | undefined => {
  const key = isObject(item) ? keys.find((name) => Object.hasOwn(item, name)) : undefined
  return key === undefined ? undefined : JSON.stringify([key, at(item, key) ?? null])
}

const withoutDirectives = (value: Json): Json => {
  if (isList(value)) return value.map(withoutDirectives)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).filter(([key, field]) => !key.startsWith("$") && field !== null)
      .map(([key, field]) => [key, withoutDirectives(field)])
  )
}
