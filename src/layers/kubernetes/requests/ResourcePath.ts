/** The paths of a kind below the API server's root. Kubernetes API concepts, "Resource URIs". */
import type { ResourceType } from "../../../services/kubernetes/KubernetesObject.ts"

/** The path of a collection. The namespace is ignored for cluster-wide kinds. */
export const collectionPath = (resource: ResourceType, namespace: string): string => {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const scope = resource.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : ""
  return `${root}${scope}/${resource.plural}`
}

/** Path of one object. */
export const objectPath = (resource: ResourceType, namespace: string, name: string): string =>
  `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`

/** Path of one object's status subresource. */
export const statusPath = (resource: ResourceType, namespace: string, name: string): string =>
  `${objectPath(resource, namespace, name)}/status`
