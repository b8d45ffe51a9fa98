/**
 * Decides which recorded events become requests, and when. These are pure functions of what was written lately;
 * EventWriter sends the requests. If the same event occurs again within ten minutes, the count of its series is raised,
 * at most once a minute unless it is news. A token bucket limits all requests. client-go's event correlator works in
 * the same way (tools/record/events_cache.go).
 */
import type { DateTime } from "effect"
import type { NodeEvent } from "../../../services/kubernetes/KubernetesApi.ts"

/** One occurrence of an event. Occurrences with the same `key` are the same event. */
export interface EventOccurrence {
  readonly key: string
  /** The content of an Event object for it. */
  readonly event: NodeEvent
  /** The object that the event is about, as text. */
  readonly regarding: string
  readonly reason: string
  /** The path that an Event object for it would have. */
  readonly path: string
  readonly at: DateTime.Utc
}

/** Write the count of the series and the time of its newest occurrence into the Event at `newest.path`. */
export interface CountStep {
  readonly _tag: "Count"
  readonly newest: EventOccurrence
  readonly count: number
}

/** The request that one event causes. */
export type EventStep =
  | { readonly _tag: "Create" }
  | CountStep
  /** Held back, because the series was written less than a minute ago. */
  | { readonly _tag: "Wait" }
  /** Dropped, because there were too many events in too short a time. */
  | { readonly _tag: "Drop" }

interface Series {
  /** The newest occurrence, with the path of the Event of its series. */
  readonly newest: EventOccurrence
  readonly count: number
  readonly seenAtMillis: number
  readonly writtenAtMillis: number
  /** The count and the time that the Event has at the API server. */
  readonly written: { readonly count: number; readonly seenAtMillis: number }
}

/** What was written lately, and what is held back. The token bucket also limits the number of series. */
export interface EventHistory {
  readonly series: ReadonlyMap<string, Series>
  readonly tokens: number
  readonly refilledAtMillis: number
}

const burst = 10
const refillMillis = 30_000
const seriesMillis = 10 * 60_000
const countEveryMillis = 60_000
// Tokens that are reserved for events which occur for the first time, so that a flapping clock cannot use up all of
// them. Such events are dropped if there is no token.
const reservedTokens = burst / 2

/** A full bucket and no series. */
export const emptyHistory: EventHistory = { series: new Map(), tokens: burst, refilledAtMillis: 0 }

/** Decides about one event. Times are milliseconds of the monotonic clock. */
export const recordInHistory = (
  history: EventHistory,
  event: EventOccurrence,
  nowMillis: number
): readonly [EventStep, EventHistory] => {
  const current = historyAt(history, nowMillis)
  const known = current.series.get(event.key)
  const newest = { ...event, path: known?.newest.path ?? event.path }
  const count = (known?.count ?? 0) + 1
  const seen = { newest, count, seenAtMillis: nowMillis }
  if (known === undefined) {
    if (current.tokens < 1) return [{ _tag: "Drop" }, current]
    return [{ _tag: "Create" }, withWritten(current, seen, nowMillis)]
  }
  const isDue = current.tokens >= 1 && nowMillis >= known.writtenAtMillis + countEveryMillis
  if (isDue || (current.tokens > reservedTokens && isNews(current, known))) {
    return [countStep(seen), withWritten(current, seen, nowMillis)]
  }
  return [{ _tag: "Wait" }, withSeries(current, { ...known, ...seen })]
}

/** When `takeHeldBack` will have something to write, by the monotonic clock; undefined if nothing is held back. */
export const nextWriteMillis = ({ refilledAtMillis, series, tokens }: EventHistory): number | undefined => {
  const held = [...series.values()].filter(isHeldBack)
  if (held.length === 0) return undefined
  const isOverAt = Math.min(...held.map(({ writtenAtMillis }) => writtenAtMillis + countEveryMillis))
  return tokens >= 1 ? isOverAt : Math.max(isOverAt, refilledAtMillis + refillMillis)
}

/**
 * Takes the newest count that was held back and whose minute is over. Other counts that are held back about the same
 * object are discarded: if they were written later, an older occurrence would look like the last one.
 */
export const takeHeldBack = (
  history: EventHistory,
  nowMillis: number
): readonly [CountStep | undefined, EventHistory] => {
  const current = historyAt(history, nowMillis)
  if (current.tokens < 1) return [undefined, current]
  const held = [...current.series.values()].filter(isHeldBack)
  const due = new Set(
    held.filter(({ writtenAtMillis }) => nowMillis >= writtenAtMillis + countEveryMillis)
      .map(({ newest }) => newest.regarding)
  )
  const [next] = held.filter(({ newest }) => due.has(newest.regarding))
    .toSorted((a, b) => b.seenAtMillis - a.seenAtMillis)
  return next === undefined ? [undefined, current] : [countStep(next), withWritten(current, next, nowMillis)]
}

/** Forgets a series, because its Event could not be written. The next occurrence creates a new one. */
export const withoutSeries = (history: EventHistory, key: string): EventHistory => ({
  ...history,
  series: new Map([...history.series].filter(([other]) => other !== key))
})

/**
 * Starts a series again with its newest occurrence, described by a new Event at `path`, because the Event to be counted
 * no longer exists. Its request may take a token in advance.
 */
export const withNewEvent = (history: EventHistory, key: string, path: string): EventHistory => {
  const known = history.series.get(key)
  if (known === undefined) return history
  const newest = { ...known.newest, path }
  return withWritten(history, { ...known, newest, count: 1 }, known.writtenAtMillis)
}

const isHeldBack = ({ count, written }: Series): boolean => count > written.count

// The server's newest event about this object has another reason. Until this recurrence is written, that reason looks
// true.
const isNews = ({ series }: EventHistory, { newest: { reason, regarding }, written }: Series): boolean =>
  [...series.values()].some((other) =>
    other.newest.regarding === regarding && other.newest.reason !== reason &&
    other.written.seenAtMillis >= written.seenAtMillis
  )

type Seen = Pick<Series, "newest" | "count" | "seenAtMillis">

const countStep = ({ count, newest }: Seen): CountStep => ({ _tag: "Count", newest, count })

const withWritten = (
  history: EventHistory,
  { count, newest, seenAtMillis }: Seen,
  writtenAtMillis: number
): EventHistory => {
  const written = { count, seenAtMillis }
  const paid = { ...history, tokens: history.tokens - 1 }
  return withSeries(paid, { newest, count, seenAtMillis, writtenAtMillis, written })
}

const withSeries = (history: EventHistory, series: Series): EventHistory => ({
  ...history,
  series: new Map([...history.series, [series.newest.key, series]])
})

/** The history at a later time: with the tokens that were added since, and without the series that have ended. */
const historyAt = (history: EventHistory, nowMillis: number): EventHistory => {
  const refills = Math.floor((nowMillis - history.refilledAtMillis) / refillMillis)
  return {
    series: new Map([...history.series].filter(([, { seenAtMillis }]) => nowMillis - seenAtMillis < seriesMillis)),
    tokens: Math.min(burst, history.tokens + refills),
    refilledAtMillis: history.refilledAtMillis + refills * refillMillis
  }
}
