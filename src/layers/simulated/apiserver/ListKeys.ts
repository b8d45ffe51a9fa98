/**
 * Which lists of objects merge item by item, and by which fields: for built-in kinds the patchMergeKey of
 * k8s.io/api, for custom resources the x-kubernetes-list-map-keys of their schema.
 */
import { isObject, type Json, objectAt, textAt, textsAt } from "./JsonTree.ts"
import type { ServedKind } from "./ServedKind.ts"

/** Keys of the list at a path of field names; empty when the list is atomic and replaced whole. */
export type ListKeys = (path: ReadonlyArray<string>) => ReadonlyArray<string>

/** One of these names each item, by the name of the list's field; the first that the list's items have. */
const builtInKeys: Readonly<Record<string, ReadonlyArray<string>>> = {
  addresses: ["type"],
  conditions: ["type"],
  containers: ["name"],
  env: ["name"],
  ephemeralContainers: ["name"],
  hostAliases: ["ip"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ownerReferences: ["uid"],
  ports: ["containerPort", "port"],
  secrets: ["name"],
  taints: ["key"],
  topologySpreadConstraints: ["topologyKey"],
  volumeDevices: ["devicePath"],
  volumeMounts: ["mountPath"],
  volumes: ["name"]
}

/** The rule for a kind's lists. */
export const listKeysOf = (kind: ServedKind): ListKeys => {
  const schema = kind.schema
  return schema === undefined
    ? (path) => {
      const field = path.at(-1) ?? ""
      return Object.hasOwn(builtInKeys, field) ? builtInKeys[field] ?? [] : []
    }
    : (path) => {
      const list = schemaAt(schema, path)
      return textAt(list, "x-kubernetes-list-type") === "map" ? textsAt(list, "x-kubernetes-list-map-keys") : []
    }
}

const schemaAt = (schema: Json, path: ReadonlyArray<string>): Json =>
  path.reduce<Json>((parent, field) => {
    const owner = textAt(parent, "type") === "array" ? objectAt(parent, "items") : parent
    const property = objectAt(owner, "properties", field)
    return Object.keys(property).length > 0 ? property : objectAt(owner, "additionalProperties")
  }, schema)

/** The key that names the items of this list: all of `keys` for custom resources, the first that fits for built-ins. */
export const itemKey = (kind: ServedKind, keys: ReadonlyArray<string>, item: Json): string | undefined => {
  if (!isObject(item)) return undefined
  const names = kind.schema === undefined ? keys.filter((key) => Object.hasOwn(item, key)).slice(0, 1) : keys
  if (names.length === 0) return undefined
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, item[name] ?? null])))
}

/** `[name="p"]`: how errors of server-side apply name an item; `key` is the JSON that `itemKey` gives. */
export const keyText = (key: string): string => {
  const fields: Readonly<Record<string, Json>> = JSON.parse(key)
  return `[${Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`
}
