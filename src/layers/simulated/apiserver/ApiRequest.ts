/** One request to a resource as it was read from HTTP. The verbs use this and know nothing of HTTP. */
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
  /** In lower case without parameters; empty if there is none. */
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

/** What to do about unknown fields; as in kube-apiserver, the default is a warning. */
export const fieldValidation = ({ method, query }: ApiRequest): Result.Result<FieldValidation, ApiStatusError> => {
  const asked = query.get("fieldValidation") ?? ""
  if (asked === "Strict" || asked === "Ignore") return Result.succeed(asked)
  if (asked === "" || asked === "Warn") return Result.succeed("Warn")
  const message = `Unsupported value: ${JSON.stringify(asked)}: supported values: "", "Ignore", "Strict", "Warn"`
  const verb = method === "POST" ? "Create" : method === "PUT" ? "Update" : "Patch"
  const options = { group: "meta.k8s.io", version: "v1", plural: "", kind: `${verb}Options`, namespaced: false }
  return Result.fail(invalid(options, "", [{ reason: "FieldValueNotSupported", field: "fieldValidation", message }]))
}

/** Whether a query parameter is switched on. Kubernetes accepts `1`, `true` and the name alone. */
export const isOn = (query: URLSearchParams, name: string): boolean => {
  const value = query.get(name)
  return value !== null && value !== "false" && value !== "0"
}
