/**
 * The lines of a watch: one JSON object `{type, object}` each. ListWatch reads its bytes through this module.
 * It knows nothing of connections and keeps nothing between two watches.
 */
import { Effect, Result, Schema, Stream } from "effect"
import type { KubernetesApiError } from "../../../services/kubernetes/KubernetesApi.ts"
import { KubernetesObject } from "../../../services/kubernetes/KubernetesObject.ts"
import { type ApiCall, ApiStatus, failureOfStatus, malformed } from "../requests/ApiFailure.ts"

/** Something happened to an object. */
export const ObjectEvent = Schema.Struct({
  type: Schema.Literals(["ADDED", "MODIFIED", "DELETED"]),
  object: KubernetesObject
})
export type ObjectEvent = typeof ObjectEvent.Type

/** Nothing happened up to this version: the watch may be resumed from it. */
const Bookmark = Schema.Struct({
  type: Schema.Literal("BOOKMARK"),
  object: Schema.Struct({
    metadata: Schema.Struct({
      resourceVersion: Schema.String,
      annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
    })
  })
})

/** True for the bookmark which says that a streaming list is complete. */
export const isEndOfList = (event: WatchEvent): boolean =>
  event.type === "BOOKMARK" && event.object.metadata.annotations?.["k8s.io/initial-events-end"] === "true"

/** The server ends the watch with a reason. */
const ErrorEvent = Schema.Struct({ type: Schema.Literal("ERROR"), object: ApiStatus })

export type WatchEvent = ObjectEvent | typeof Bookmark.Type

/** The longest line that is believed, in UTF-16 units: etcd's object limit of 1.5 MiB and room for its encoding. */
export const longestLine = 8 * 1024 * 1024

const decodeLine = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Union([ObjectEvent, Bookmark, ErrorEvent])))

/** Reads one line. An ERROR event is a failure with its own reason; a line that is none of the four is `Malformed`. */
export const readWatchLine = (call: ApiCall, line: string): Result.Result<WatchEvent, KubernetesApiError> => {
  const decoded = decodeLine(line)
  if (Result.isFailure(decoded)) return Result.fail(malformed(call, `not a watch event: ${line.slice(0, 200)}`))
  const event = decoded.success
  return event.type === "ERROR" ? Result.fail(failureOfStatus(call, event.object)) : Result.succeed(event)
}

/** Cuts text at its line feeds. `rest` is the beginning of a line whose end has not come yet. */
export const cutLines = (
  rest: string,
  text: string
): { readonly lines: ReadonlyArray<string>; readonly rest: string } => {
  const [first = "", ...others] = text.split("\n")
  const lines = [rest + first, ...others]
  const last = lines.pop() ?? ""
  return { lines, rest: last }
}

/**
 * The events of a watch's bytes, in order. It fails at the first line that is malformed, too long, or cut off by the
 * end of the body; blank lines are skipped.
 */
export const watchEvents = (
  bytes: Stream.Stream<Uint8Array, KubernetesApiError>,
  call: ApiCall
): Stream.Stream<WatchEvent, KubernetesApiError> =>
  bytes.pipe(
    Stream.decodeText(),
    Stream.mapAccumEffect(() => "", (pending, text) => {
      const { lines, rest } = cutLines(pending, text)
      const longest = Math.max(rest.length, ...lines.map((line) => line.length))
      return longest > longestLine
        ? Effect.fail(malformed(call, `a line of more than ${longestLine} characters`))
        : Effect.succeed([rest, lines] as const)
    }, { onHalt: (rest) => [rest] }),
    Stream.filter((line) => line.trim() !== ""),
    Stream.mapEffect((line) => Effect.fromResult(readWatchLine(call, line)))
  )
