/** One request to a resource, as read from HTTP; the verbs work on this and know nothing of HTTP. */
import { Result } from "effect"
import type { FieldValidation } from "./Admission.ts"
import { type ApiStatusError, invalid } from "./ApiStatusError.ts"
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
export const fieldValidation = ({ method, query }: ApiRequest): Result.Result<FieldValidation, ApiStatusError> => {
  const asked = query.get("fieldValidation") ?? ""
  if (asked === "Strict" || asked === "Ignore") return Result.succeed(asked)
  if (asked === "" || asked === "Warn") return Result.succeed("Warn")
  const message = `Unsupported value: ${JSON.stringify(asked)}: supported values: "", "Ignore", "Strict", "Warn"`
  const verb = method === "POST" ? "Create" : method === "PUT" ? "Update" : "Patch"
  const options = { group: "meta.k8s.io", version: "v1", plural: "", kind: `${verb}Options`, namespaced: false }
  return Result.fail(invalid(options, "", [{ reason: "FieldValueNotSupported", field: "fieldValidation", message }]))
}

/** Whether a query parameter is on: Kubernetes takes `1`, `true` and the bare name. */
export const isOn = (query: URLSearchParams, name: string): boolean => {
  const value = query.get(name)
  return value !== null && value !== "false" && value !== "0"
}
