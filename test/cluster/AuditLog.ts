/** Reads a kube-apiserver's audit log (audit.k8s.io/v1, level Metadata); each request becomes one value. */
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"

const AuditEvent = Schema.Struct({
  auditID: Schema.String,
  stage: Schema.String,
  verb: Schema.String,
  requestURI: Schema.String,
  user: Schema.Struct({ username: Schema.optionalKey(Schema.String) }),
  objectRef: Schema.optionalKey(Schema.Struct({
    apiGroup: Schema.optionalKey(Schema.String),
    resource: Schema.optionalKey(Schema.String),
    subresource: Schema.optionalKey(Schema.String),
    namespace: Schema.optionalKey(Schema.String),
    name: Schema.optionalKey(Schema.String)
  })),
  responseStatus: Schema.optionalKey(Schema.Struct({ code: Schema.optionalKey(Schema.Int) }))
})
type AuditEvent = typeof AuditEvent.Type

/** A request as the authorizer saw it, and how it was answered. Absent words are empty. */
export interface AuditedRequest {
  readonly user: string
  readonly verb: string
  readonly apiGroup: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly uri: string
  readonly code: number
}

const decodeEvent = Schema.decodeUnknownSync(Schema.fromJsonString(AuditEvent))

/** Reads the log until every request that has come is answered; a watch is with its first answer. */
export const readAuditLog = (file: string): Effect.Effect<ReadonlyArray<AuditedRequest>> =>
  Effect.sync(() => requestsOf(readFileSync(file, "utf8"))).pipe(
    Effect.tap((requests) => requests === undefined ? Effect.sleep("20 millis") : Effect.void),
    Effect.repeat({ until: (requests) => requests !== undefined }),
    Effect.map((requests) => requests ?? [])
  )

/** Undefined while a request has no answer. The last line may be on its way. */
const requestsOf = (text: string): ReadonlyArray<AuditedRequest> | undefined => {
  const newest = new Map<string, AuditEvent>()
  for (const line of text.split("\n").slice(0, -1)) {
    const event = decodeEvent(line)
    newest.set(event.auditID, event)
  }
  const events = [...newest.values()]
  return events.every(({ stage }) => stage !== "RequestReceived") ? events.map(requestOf) : undefined
}

const requestOf = ({ objectRef = {}, requestURI, responseStatus, user, verb }: AuditEvent): AuditedRequest => ({
  user: user.username ?? "",
  verb,
  apiGroup: objectRef.apiGroup ?? "",
  resource: objectRef.resource ?? "",
  subresource: objectRef.subresource ?? "",
  namespace: objectRef.namespace ?? "",
  name: objectRef.name ?? "",
  uri: requestURI,
  code: responseStatus?.code ?? 0
})
