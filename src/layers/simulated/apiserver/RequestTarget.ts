/**
 * What the path of a request names:
 * `/api/v1|/apis/GROUP/VERSION [/namespaces/NAMESPACE] /RESOURCE [/NAME [/SUBRESOURCE]]`, as in Kubernetes.
 */
import { Result } from "effect"

export interface RequestTarget {
  readonly group: string
  readonly version: string
  /** Empty for cluster-wide objects, and for a list over all namespaces. */
  readonly namespace: string
  readonly plural: string
  /** Empty for the whole collection. */
  readonly name: string
  readonly subresource: string
}

/** Reads a path. Nothing if it names no resource, or if a segment is not valid percent-encoding. */
export const parseRequestTarget = (path: string): RequestTarget | undefined => {
  const segments = decoded(path)
  if (segments === undefined || segments.includes("")) return undefined
  const [root, ...rest] = segments
  if (root === "api") return target("", rest)
  const [group, ...inGroup] = rest
  return root === "apis" && group !== undefined ? target(group, inGroup) : undefined
}

const decoded = (path: string): ReadonlyArray<string> | undefined =>
  Result.getOrUndefined(Result.try(() => path.split("/").slice(1).map(decodeURIComponent)))

const target = (group: string, segments: ReadonlyArray<string>): RequestTarget | undefined => {
  const [version, ...resource] = segments
  if (version === undefined || resource.length === 0) return undefined
  // /namespaces/NAME and /namespaces/NAME/status mean the Namespace itself and nothing inside of it.
  const isInNamespace = resource[0] === "namespaces" && resource.length > 2 && !isNamespaceSubresource(resource)
  const [plural = "", name = "", subresource = "", ...more] = isInNamespace ? resource.slice(2) : resource
  if (more.length > 0) return undefined
  return { group, version, namespace: isInNamespace ? resource[1] ?? "" : "", plural, name, subresource }
}

const isNamespaceSubresource = (resource: ReadonlyArray<string>): boolean =>
  resource.length === 3 && (resource[2] === "status" || resource[2] === "finalize")
