/**
 * Which recorded events become requests: a pure function over what was written lately. EventRecorder sends them.
 * The same event again within ten minutes raises the count of its series, at most once a minute; a token bucket
 * bounds everything else, as client-go's event correlator does (tools/record/events_cache.go).
 */

/** What one event asks of the API. */
export type EventStep =
  | { readonly _tag: "Create" }
  /** Write the series' count on the Event that exists. */
  | { readonly _tag: "Count"; readonly eventName: string; readonly count: number }
  /** Counted here only: the series was written less than a minute ago. */
  | { readonly _tag: "Wait" }
  /** Dropped: too many events in too short a time. */
  | { readonly _tag: "Drop" }

interface Series {
  readonly eventName: string
  readonly count: number
  readonly seenAtMillis: number
  readonly writtenAtMillis: number
}

/** What was written lately. The bucket bounds the number of series too. */
export interface EventHistory {
  readonly series: ReadonlyMap<string, Series>
  readonly tokens: number
  readonly refilledAtMillis: number
}

const burst = 10
const refillMillis = 30_000
const seriesMillis = 10 * 60_000
const countEveryMillis = 60_000

/** A full bucket and no series. */
export const emptyHistory: EventHistory = { series: new Map(), tokens: burst, refilledAtMillis: 0 }

/**
 * Decides about an event. `key` says which events are the same, `eventName` is the name for a new Event object;
 * times are milliseconds of the monotonic clock.
 */
export const recordInHistory = (
  history: EventHistory,
  event: { readonly key: string; readonly eventName: string },
  nowMillis: number
): readonly [EventStep, EventHistory] => {
  const { refilledAtMillis, tokens } = refilled(history, nowMillis)
  const series = new Map(
    [...history.series].filter(([, { seenAtMillis }]) => nowMillis - seenAtMillis < seriesMillis)
  )
  const known = series.get(event.key)
  if (known === undefined) {
    if (tokens < 1) return [{ _tag: "Drop" }, { series, tokens, refilledAtMillis }]
    series.set(event.key, {
      eventName: event.eventName,
      count: 1,
      seenAtMillis: nowMillis,
      writtenAtMillis: nowMillis
    })
    return [{ _tag: "Create" }, { series, tokens: tokens - 1, refilledAtMillis }]
  }
  const count = known.count + 1
  const isDue = nowMillis - known.writtenAtMillis >= countEveryMillis && tokens >= 1
  series.set(event.key, {
    ...known,
    count,
    seenAtMillis: nowMillis,
    writtenAtMillis: isDue ? nowMillis : known.writtenAtMillis
  })
  const step: EventStep = isDue ? { _tag: "Count", eventName: known.eventName, count } : { _tag: "Wait" }
  return [step, { series, tokens: isDue ? tokens - 1 : tokens, refilledAtMillis }]
}

/** Forgets a series, because its Event could not be written or is not there any more: the next one is created anew. */
export const withoutSeries = (history: EventHistory, key: string): EventHistory => ({
  ...history,
  series: new Map([...history.series].filter(([other]) => other !== key))
})

const refilled = (history: EventHistory, nowMillis: number) => {
  const refills = Math.floor((nowMillis - history.refilledAtMillis) / refillMillis)
  const tokens = Math.min(burst, history.tokens + refills)
  return { tokens, refilledAtMillis: history.refilledAtMillis + refills * refillMillis }
}
