/** The log of one demo node's daemon: its last lines, for `kubectl logs`. It is never written anywhere else. */
import { Effect, Logger, PubSub, Stream } from "effect"
import { jsonLines } from "../../../layers/observability/JsonLines.ts"

/** More than a terminal shows; with 99 nodes still below 20 MiB. */
const keptLines = 500
/** A follower who reads so slowly loses lines. */
const unreadLines = 1000

interface LogLine {
  readonly number: number
  readonly millis: number
  readonly text: string
}

/** What `kubectl logs` asks for. Undefined means no limit. */
export interface LogQuery {
  readonly follow: boolean
  readonly timestamps: boolean
  readonly tailLines: number | undefined
  readonly sinceMillis: number | undefined
}

export interface PodLog {
  /** Writes each record of the daemon as a line. */
  readonly logger: Logger.Logger<unknown, void>
  /** The lines, each with its line feed. With `follow` it does not end. */
  readonly read: (query: LogQuery) => Stream.Stream<string>
}

/** An empty log. */
export const makePodLog: Effect.Effect<PodLog> = Effect.gen(function*() {
  const kept: Array<LogLine> = []
  const news = yield* PubSub.sliding<LogLine>(unreadLines)
  let lines = 0
  const logger = Logger.make<unknown, void>((options) => {
    const line = { number: lines++, millis: options.date.getTime(), text: jsonLines.log(options) }
    kept.push(line)
    if (kept.length > keptLines) kept.shift()
    PubSub.publishUnsafe(news, line)
  })
  const read = ({ follow, sinceMillis, tailLines, timestamps }: LogQuery) =>
    Stream.unwrap(Effect.gen(function*() {
      // Subscribed before the kept lines are read, so that none is lost; the number tells which are in both.
      const following = follow ? Stream.fromSubscription(yield* PubSub.subscribe(news)) : Stream.empty
      const next = lines
      const since = kept.filter(({ millis }) => sinceMillis === undefined || millis >= sinceMillis)
      const past = tailLines === undefined ? since : since.slice(Math.max(since.length - tailLines, 0))
      return Stream.fromIterable(past).pipe(
        Stream.concat(Stream.filter(following, ({ number }) => number >= next)),
        Stream.map(({ millis, text }) => `${timestamps ? `${new Date(millis).toISOString()} ` : ""}${text}\n`)
      )
    }))
  return { logger, read }
})
