/**
 * The discovery documents, by which kubectl learns what the server serves: `/api`, `/apis`, one list per group version,
 * and `/version`. They are not aggregated; kubectl uses these if the server does not offer the aggregated form.
 */
import { apiVersionOf } from "../../../services/kubernetes/KubernetesObject.ts"
import type { JsonObject } from "./JsonTree.ts"
import type { ServedKind } from "./ServedKind.ts"

const storageVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

export const versionDocument: JsonObject = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.0+linuxptp-daemon-embedded",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "linux/amd64"
}

/** The document at a discovery path; nothing for any other path. */
export const discoveryDocument = (kinds: ReadonlyArray<ServedKind>, path: string): JsonObject | undefined => {
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }
  if (path === "/apis") return { kind: "APIGroupList", apiVersion: "v1", groups: groups(kinds) }
  const found = /^\/(?:api\/(v1)|apis\/([^/]+)(?:\/([^/]+))?)$/.exec(path)
  if (found === null) return undefined
  const [, core, group = "", version = core] = found
  if (version === undefined) return groups(kinds).find((document) => document["name"] === group)
  return resourceList(kinds, { group, version })
}

const groups = (kinds: ReadonlyArray<ServedKind>): ReadonlyArray<JsonObject> => {
  const versions = new Map<string, Set<string>>()
  for (const { group, version } of kinds) {
    if (group !== "") versions.set(group, (versions.get(group) ?? new Set()).add(version))
  }
  return [...versions].map(([name, served]) => {
    const entries = [...served].map((version) => ({ groupVersion: `${name}/${version}`, version }))
    return { kind: "APIGroup", apiVersion: "v1", name, versions: entries, preferredVersion: entries[0] ?? {} }
  })
}

const resourceList = (
  kinds: ReadonlyArray<ServedKind>,
  groupVersion: { readonly group: string; readonly version: string }
): JsonObject | undefined => {
  const served = kinds.filter(({ group, version }) => group === groupVersion.group && version === groupVersion.version)
  const resources = served.flatMap(resourcesOf)
  if (resources.length === 0) return undefined
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion: apiVersionOf(groupVersion), resources }
}

const resourcesOf = (kind: ServedKind): ReadonlyArray<JsonObject> => {
  const resource = {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: storageVerbs,
    ...(kind.shortNames.length === 0 ? {} : { shortNames: [...kind.shortNames] }),
    ...(kind.categories.length === 0 ? {} : { categories: [...kind.categories] })
  }
  if (!kind.hasStatus) return [resource]
  const status = {
    name: `${kind.plural}/status`,
    singularName: "",
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: ["get", "patch", "update"]
  }
  return [resource, status]
}
