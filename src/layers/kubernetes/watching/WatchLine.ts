/**
 * The lines of a watch: each is one JSON object `{type, object}`. WatchSession uses this to read its bytes. It knows
 * nothing about connections and keeps nothing between two watches.
 */
import { Effect, Result, Schema, Stream } from "effect"
import { Ndjson } from "effect/encoding"
import type { KubernetesApiError } from "../../../services/kubernetes/KubernetesApi.ts"
import { KubernetesObject } from "../../../services/kubernetes/KubernetesObject.ts"
import { type ApiCall, ApiStatus, failureOfStatus, malformed } from "../requests/ApiFailure.ts"

/** Something happened to an object. */
export const ObjectEvent = Schema.Struct({
  type: Schema.Literals(["ADDED", "MODIFIED", "DELETED"]),
  object: KubernetesObject
})
export type ObjectEvent = typeof ObjectEvent.Type

/** Nothing happened up to this version, so the watch may be resumed from it. */
const Bookmark = Schema.Struct({
  type: Schema.Literal("BOOKMARK"),
  object: Schema.Struct({
    metadata: Schema.Struct({
      resourceVersion: Schema.String,
      annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
    })
  })
})

/** True for the bookmark that marks the end of a streaming list. */
export const isEndOfList = (event: WatchEvent): boolean =>
  event.type === "BOOKMARK" && event.object.metadata.annotations?.["k8s.io/initial-events-end"] === "true"

/** The server ends the watch and gives the reason. */
const ErrorEvent = Schema.Struct({ type: Schema.Literal("ERROR"), object: ApiStatus })

export type WatchEvent = ObjectEvent | typeof Bookmark.Type

/** The longest accepted line in bytes: etcd's limit of 1.5 MiB for an object, and room for its encoding. */
export const longestLine = 8 * 1024 * 1024

const decodeEvent = Schema.decodeUnknownResult(Schema.Union([ObjectEvent, Bookmark, ErrorEvent]))

/**
 * Reads the JSON of one line. An ERROR event is a failure with its own reason. Anything that is not one of the four
 * event types is `Malformed`.
 */
export const readWatchEvent = (call: ApiCall, json: unknown): Result.Result<WatchEvent, KubernetesApiError> => {
  const decoded = decodeEvent(json)
  if (Result.isFailure(decoded)) {
    return Result.fail(malformed(call, `not a watch event: ${String(JSON.stringify(json)).slice(0, 200)}`))
  }
  const event = decoded.success
  return event.type === "ERROR" ? Result.fail(failureOfStatus(call, event.object)) : Result.succeed(event)
}

/**
 * The events in the bytes of a watch, in order. Fails at the first line that is malformed, too long, or cut off by the
 * end of the body. Blank lines are skipped.
 */
export const watchEvents = (
  bytes: Stream.Stream<Uint8Array, KubernetesApiError>,
  call: ApiCall
): Stream.Stream<WatchEvent, KubernetesApiError> =>
  bytes.pipe(
    Stream.mapAccum(() => true, dropIndents),
    Stream.pipeThroughChannel(
      Ndjson.decode<KubernetesApiError>({ ignoreEmptyLines: true, maxLineBytes: longestLine })
    ),
    Stream.mapError((error) => error._tag === "NdjsonError" ? malformed(call, problemOf(error)) : error),
    Stream.mapEffect((json) => Effect.fromResult(readWatchEvent(call, json)))
  )

const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09

/**
 * Cuts bytes after their line feeds and drops the blanks before each line: Ndjson skips a line only if it is empty.
 * `isIndent` says whether the bytes before ended with a line feed, or with blanks after one.
 */
const dropIndents = (isIndent: boolean, bytes: Uint8Array): readonly [boolean, ReadonlyArray<Uint8Array>] => {
  const lines: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length;) {
    if (isIndent && isBlank(bytes[at])) {
      at++
      continue
    }
    const feed = bytes.indexOf(0x0a, at)
    isIndent = feed !== -1
    const end = isIndent ? feed + 1 : bytes.length
    lines.push(bytes.subarray(at, end))
    at = end
  }
  return [isIndent, lines]
}

const problemOf = ({ cause, reason }: Ndjson.NdjsonError): string =>
  reason === "LineTooLarge"
    ? `a line of more than ${longestLine} bytes`
    : `not a watch event: ${cause instanceof Error ? cause.message : String(cause)}`
