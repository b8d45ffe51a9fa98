/**
 * Reads a whole collection page by page (Kubernetes API concepts, "Retrieving large results sets in chunks"). It is the
 * first step of each ListWatch, and the plain `list` of the API.
 */
import { Effect, Option, Schema } from "effect"
import { KubernetesObject } from "../../../services/kubernetes/KubernetesObject.ts"
import type { ApiConnection } from "./ApiConnection.ts"
import { malformed } from "./ApiFailure.ts"

/** What to list. With `resourceVersion` `0` the server may answer from its cache. */
export interface ListRequest {
  readonly resource: string
  readonly path: string
  readonly resourceVersion: "0" | ""
  readonly params?: Readonly<Record<string, string>>
  readonly accept?: string
}

/** A collection at one version, in the server's order. */
interface ListedObjects {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly resourceVersion: string
}

const pageSize = 500
/** The limit for a server that always returns the same `continue` token. */
const mostPages = 1_000

const Page = Schema.fromJsonString(Schema.Struct({
  metadata: Schema.Struct({ resourceVersion: Schema.String, continue: Schema.optionalKey(Schema.String) }),
  // Go encodes a slice that was never created as null.
  items: Schema.NullOr(Schema.Array(KubernetesObject))
}))
const decodePage = Schema.decodeUnknownOption(Page)

/**
 * Lists all objects. Fails with `Gone` if a continue token has expired meanwhile; the caller then lists again from the
 * empty version.
 */
export const listPages = Effect.fnUntraced(function*(connection: ApiConnection, request: ListRequest) {
  const { path, resource, resourceVersion } = request
  const objects: Array<KubernetesObject> = []
  let position: Readonly<Record<string, string>> = resourceVersion === "" ? {} : { resourceVersion }
  for (let pages = 0; pages < mostPages; pages++) {
    const call = {
      verb: "list",
      method: "GET",
      path,
      resource,
      params: { ...request.params, limit: String(pageSize), ...position },
      ...(request.accept === undefined ? {} : { accept: request.accept })
    } as const
    const text = yield* connection.text(call)
    const page = decodePage(text)
    if (Option.isNone(page)) return yield* malformed(call, `not a list: ${text.slice(0, 200)}`)
    objects.push(...page.value.items ?? [])
    const next = page.value.metadata.continue ?? ""
    if (next === "") return { objects, resourceVersion: page.value.metadata.resourceVersion } satisfies ListedObjects
    position = { continue: next }
  }
  return yield* malformed({ verb: "list", path }, `more than ${mostPages} pages`)
})
