/** One request to a resource, as read from HTTP; the verbs work on this and know nothing of HTTP. */
import type { FieldValidation } from "./Admission.ts"
import type { ObjectKey, WriteOptions } from "./ObjectStore.ts"
import type { RequestTarget } from "./RequestTarget.ts"
import type { ServedKind } from "./ServedKind.ts"

export interface ApiRequest {
  readonly method: string
  readonly target: RequestTarget
  readonly kind: ServedKind
  readonly query: URLSearchParams
  /** Without parameters, in lower case; empty when there is none. */
  readonly contentType: string
  readonly body: Uint8Array
  /** Empty when the client says nothing of itself. */
  readonly userAgent: string
}

/** The object that the request names. */
export const keyOfRequest = ({ kind, target }: ApiRequest): ObjectKey => ({
  namespace: kind.namespaced ? target.namespace : "",
  name: target.name
})

/** `dryRun=All` writes nothing. */
export const writeOptions = ({ query }: ApiRequest): WriteOptions => ({
  dryRun: query.getAll("dryRun").includes("All")
})

/** What the request wants done about unknown fields; kube-apiserver's default is to warn. */
export const fieldValidation = ({ query }: ApiRequest): FieldValidation => {
  const asked = query.get("fieldValidation")
  return asked === "Strict" || asked === "Ignore" ? asked : "Warn"
}

/** Who writes: the name that the request gives, or what the client calls itself up to the first slash. */
export const fieldManager = ({ query, userAgent }: ApiRequest): string =>
  query.get("fieldManager") || userAgent.split("/", 1).join("") || "unknown"

/** Whether a query parameter is on: Kubernetes takes `1`, `true` and the bare name. */
export const isOn = (query: URLSearchParams, name: string): boolean => {
  const value = query.get(name)
  return value !== null && value !== "false" && value !== "0"
}
