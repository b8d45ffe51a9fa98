/**
 * Which recorded events become requests, and when: pure functions over what was written lately. EventWriter sends them.
 * The same event again within ten minutes raises the count of its series, at most once a minute unless it is news; a
 * token bucket bounds all requests, as client-go's event correlator does (tools/record/events_cache.go).
 */
import type { DateTime } from "effect"
import type { NodeEvent } from "../../../services/kubernetes/KubernetesApi.ts"

/** One occurrence of an event. `key` says which events are the same. */
export interface EventOccurrence {
  readonly key: string
  /** What an Event object for it would tell. */
  readonly event: NodeEvent
  /** The object that it is about, as a text. */
  readonly regarding: string
  readonly reason: string
  /** Where an Event object for it would be. */
  readonly path: string
  readonly at: DateTime.Utc
}

/** Write the series' count and the time of its newest occurrence on the Event at `newest.path`. */
export interface CountStep {
  readonly _tag: "Count"
  readonly newest: EventOccurrence
  readonly count: number
}

/** What one event asks of the API. */
export type EventStep =
  | { readonly _tag: "Create" }
  | CountStep
  /** Held back: the series was written less than a minute ago. */
  | { readonly _tag: "Wait" }
  /** Dropped: too many events in too short a time. */
  | { readonly _tag: "Drop" }

interface Series {
  /** The newest occurrence, at the path of the series' Event. */
  readonly newest: EventOccurrence
  readonly count: number
  readonly seenAtMillis: number
  readonly writtenAtMillis: number
  /** What the Event says. */
  readonly written: { readonly count: number; readonly seenAtMillis: number }
}

/** What was written lately and is held back. The bucket bounds the number of series too. */
export interface EventHistory {
  readonly series: ReadonlyMap<string, Series>
  readonly tokens: number
  readonly refilledAtMillis: number
}

const burst = 10
const refillMillis = 30_000
const seriesMillis = 10 * 60_000
const countEveryMillis = 60_000
// A clock that flaps may not use up the tokens of what happens for the first time, which is dropped without one.
const reservedTokens = burst / 2

/** A full bucket and no series. */
export const emptyHistory: EventHistory = { series: new Map(), tokens: burst, refilledAtMillis: 0 }

/** Decides about an event; times are milliseconds of the monotonic clock. */
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

/** When `takeHeldBack` has something to write, on the monotonic clock; undefined when nothing is held back. */
export const nextWriteMillis = ({ refilledAtMillis, series, tokens }: EventHistory): number | undefined => {
  const held = [...series.values()].filter(isHeldBack)
  if (held.length === 0) return undefined
  const isOverAt = Math.min(...held.map(({ writtenAtMillis }) => writtenAtMillis + countEveryMillis))
  return tokens >= 1 ? isOverAt : Math.max(isOverAt, refilledAtMillis + refillMillis)
}

/**
 * Takes the newest count that was held back and whose minute is over. What is held back about the same object goes
 * with it: written apart, an older occurrence would look like the last one.
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

/** Forgets a series, because its Event could not be written: the next one is created anew. */
export const withoutSeries = (history: EventHistory, key: string): EventHistory => ({
  ...history,
  series: new Map([...history.series].filter(([other]) => other !== key))
})

/**
 * Begins a series anew with its newest occurrence, of which a new Event at `path` tells: the one that was to be counted
 * is gone. The request for it takes a token in advance, if need be.
 */
export const withNewEvent = (history: EventHistory, key: string, path: string): EventHistory => {
  const known = history.series.get(key)
  if (known === undefined) return history
  const newest = { ...known.newest, path }
  return withWritten(history, { ...known, newest, count: 1 }, known.writtenAtMillis)
}

const isHeldBack = ({ count, written }: Series): boolean => count > written.count

// Another reason is what the server has last of this object: until this recurrence is written, that one looks true.
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

/** The history at a time: with the tokens that came since, without the series that ended. */
const historyAt = (history: EventHistory, nowMillis: number): EventHistory => {
  const refills = Math.floor((nowMillis - history.refilledAtMillis) / refillMillis)
  return {
    series: new Map([...history.series].filter(([, { seenAtMillis }]) => nowMillis - seenAtMillis < seriesMillis)),
    tokens: Math.min(burst, history.tokens + refills),
    refilledAtMillis: history.refilledAtMillis + refills * refillMillis
  }
}
