/**
 * Decides which lines of a process go to the daemon's own log: by a profile's `stdoutFilter` and `logReduce`, and by a
 * limit of lines per second that no setting removes. Pure, with one state per process. Clocks and metrics always see
 * every line.
 */
import { Result } from "effect"
import { type LineFilter, lineFilter } from "./LineFilter.ts"
import { parseLogLine } from "./LogEvent.ts"

/** The settings of a profile, read. */
export interface LogReduction {
  /** Lines that match are not printed. */
  readonly filter: LineFilter | undefined
  readonly offsets: OffsetReduction
}

/**
 * Print offset lines (`none`), omit those of ptp4l and ts2phc (`basic`), or print their statistics instead
 * (`enhanced`).
 */
export type OffsetReduction =
  | { readonly mode: "none" }
  | { readonly mode: "basic" }
  | {
    readonly mode: "enhanced"
    readonly windowNanos: bigint
    /** Offsets beyond this threshold, in either direction, are always printed. */
    readonly thresholdNs: number | undefined
  }

/** What the reduction remembers of one process. */
export interface LogReductionState {
  readonly window: { readonly endsAt: bigint; readonly offsets: ReadonlyMap<string, OffsetStatistics> } | undefined
  readonly second: { readonly startedAt: bigint; readonly lines: number }
}

/** Sums over the offsets of one clock, in nanoseconds. */
export interface OffsetStatistics {
  readonly count: number
  readonly min: number
  readonly max: number
  readonly mean: number
  /** Sum of the squared distances from the mean (Welford's method), which stays exact for large offsets. */
  readonly squares: number
}

/** The state before the first line of a process. */
export const initialLogReduction: LogReductionState = { window: undefined, second: { startedAt: 0n, lines: 0 } }

const nanosPerSecond = 1_000_000_000n

/** A ptp4l with 16 measurements a second stays far below this; one with `-l 7` does not. */
const mostLinesPerSecond = 100

const defaultWindowSeconds = 30

/** No process measures more clocks. Statistics of further clocks are not kept. */
const mostClocks = 64

/** Reads the settings, which were checked when the profile was planned. A setting that cannot be read has no effect. */
export const logReduction = ({ logReduce, stdoutFilter }: Readonly<Record<string, string>>): LogReduction => ({
  filter: stdoutFilter === undefined ? undefined : Result.getOrUndefined(lineFilter(stdoutFilter)),
  offsets: offsetReduction(logReduce)
})

const offsetReduction = (text = "false"): OffsetReduction => {
  const [mode = "", window, threshold] = text.trim().toLowerCase().split(/\s+/)
  if (mode === "basic" || mode === "true") return { mode: "basic" }
  if (mode !== "enhanced") return { mode: "none" }
  const thresholdNs = Number(threshold)
  return {
    mode: "enhanced",
    windowNanos: BigInt(windowSeconds(window)) * nanosPerSecond,
    thresholdNs: Number.isFinite(thresholdNs) ? Math.abs(thresholdNs) : undefined
  }
}

/** `60`, `60s` or `2m`, at most a day. */
const windowSeconds = (text: string | undefined): number => {
  const [, digits, unit] = /^(\d{1,5})(s|m)?$/.exec(text ?? "") ?? []
  const seconds = Number(digits ?? defaultWindowSeconds) * (unit === "m" ? 60 : 1)
  return Math.min(Math.max(seconds, 1), 86_400)
}

/** The lines to print after a process has printed one at `now`, in monotonic nanoseconds. */
export const reduceLine = (
  { filter, offsets }: LogReduction,
  state: LogReductionState,
  line: string,
  now: bigint
): { readonly state: LogReductionState; readonly print: ReadonlyArray<string> } => {
  const reduced = reduceOffset(offsets, state.window, line, now)
  const { print, ...rest } = bounded({ ...state, window: reduced.window }, reduced.print, now)
  // The filter comes last, so that a flood cannot make it cost more than the limit allows.
  return { ...rest, print: filter === undefined ? print : print.filter((text) => !filter(text)) }
}

type Window = LogReductionState["window"]

const reduceOffset = (
  reduction: OffsetReduction,
  window: Window,
  line: string,
  now: bigint
): { readonly window: Window; readonly print: ReadonlyArray<string> } => {
  if (reduction.mode === "none") return { window: undefined, print: [line] }
  const event = parseLogLine(line)
  if (reduction.mode === "basic") {
    return { window: undefined, print: event.kind === "offset" && event.source === "master" ? [] : [line] }
  }
  const isOver = window !== undefined && now >= window.endsAt
  const summaries = isOver ? [...window.offsets].map(([clock, statistics]) => summaryText(clock, statistics)) : []
  const open = isOver ? undefined : window
  if (event.kind !== "offset") return { window: open, print: [...summaries, line] }
  const clock = [event.program, event.clock, event.source, "offset"].filter((word) => word !== undefined).join(" ")
  const before = open ?? { endsAt: now + reduction.windowNanos, offsets: new Map<string, OffsetStatistics>() }
  const known = before.offsets.get(clock)
  if (known === undefined && before.offsets.size >= mostClocks) return { window: before, print: [...summaries, line] }
  const statistics = withOffset(known, event.offsetNs)
  const isFar = reduction.thresholdNs !== undefined && Math.abs(event.offsetNs) > reduction.thresholdNs
  return {
    window: { ...before, offsets: new Map(before.offsets).set(clock, statistics) },
    print: isFar ? [...summaries, line] : summaries
  }
}

const withOffset = (before: OffsetStatistics | undefined, offset: number): OffsetStatistics => {
  if (before === undefined) return { count: 1, min: offset, max: offset, mean: offset, squares: 0 }
  const count = before.count + 1
  const mean = before.mean + (offset - before.mean) / count
  return {
    count,
    min: Math.min(before.min, offset),
    max: Math.max(before.max, offset),
    mean,
    squares: before.squares + (offset - before.mean) * (offset - mean)
  }
}

/** The same fields as in the Go daemon's summary. */
const summaryText = (clock: string, { count, max, mean, min, squares }: OffsetStatistics): string => {
  const deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0
  return `${clock} summary: cnt=${count}, min=${min}, max=${max}, avg=${mean.toFixed(2)}, SD=${deviation.toFixed(2)}`
}

/** Lines beyond the limit are counted instead of printed. The count is printed with the next line. */
const bounded = (state: LogReductionState, wanted: ReadonlyArray<string>, now: bigint) => {
  if (wanted.length === 0) return { state, print: [] }
  const isNewSecond = now - state.second.startedAt >= nanosPerSecond
  const second = isNewSecond ? { startedAt: now, lines: 0 } : state.second
  const leftOut = isNewSecond ? Math.max(0, state.second.lines - mostLinesPerSecond) : 0
  const room = Math.max(0, mostLinesPerSecond - second.lines)
  return {
    state: { ...state, second: { ...second, lines: second.lines + wanted.length } },
    print: [...(leftOut > 0 ? [`${leftOut} lines were not logged`] : []), ...wanted.slice(0, room)]
  }
}
