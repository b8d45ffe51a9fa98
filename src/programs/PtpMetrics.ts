/**
 * The `openshift_ptp_*` metrics, and how series are written to them: changed series are set, and series that are gone
 * are removed. The names are those of existing dashboards, so some contain a wrong unit; the help texts say the right
 * one.
 *
 * This is a program and not a layer: it writes to Effect's own metric registry, like all other metrics of the daemon,
 * so there is no technology to choose.
 */
import { Effect, Function, Metric } from "effect"
import type { Series, SeriesName } from "../services/clocks/ClockSeries.ts"

const gauge = (name: string, description: string) => Metric.gauge(`openshift_ptp_${name}`, { description })

/** Every metric by its name without the prefix. */
export const ptpMetrics: Readonly<Record<SeriesName, Metric.Metric<number, unknown>>> = {
  offset_ns: gauge(
    "offset_ns",
    "Offset from the source in nanoseconds; its rms where only summaries tell it; 999999 where it is unknown."
  ),
  max_offset_ns: gauge("max_offset_ns", "Largest offset of a summary interval, or the offset, in nanoseconds."),
  frequency_adjustment_ns: gauge(
    "frequency_adjustment_ns",
    "Frequency adjustment of the clock in parts per billion (the name's unit is historical)."
  ),
  delay_ns: gauge("delay_ns", "Path delay, or time to read the source, in nanoseconds; 0 where linuxptp prints none."),
  clock_state: gauge("clock_state", "0 = FREERUN, 1 = LOCKED, 2 = HOLDOVER."),
  clock_class: gauge(
    "clock_class",
    "Clock class of the grandmaster, as IEEE 1588 has it: 6 locked, 7 holdover, 248 default."
  ),
  interface_role: gauge(
    "interface_role",
    "0 = PASSIVE, 1 = SLAVE, 2 = MASTER, 3 = FAULTY, 4 = UNKNOWN, 5 = LISTENING."
  ),
  process_status: gauge("process_status", "0 = DOWN, 1 = UP."),
  process_restart_count: Metric.counter("openshift_ptp_process_restart_count", {
    description: "Starts of the process, the first one too.",
    incremental: true
  })
}

interface Published {
  readonly registration: Metric.Registration
  value: number
}

/** The series in the fiber's metric registry. Only the owner of this object writes them. */
export interface PublishedSeries {
  /** Makes the registry contain exactly these series. */
  readonly publish: (wanted: ReadonlyArray<Series>) => void
  /** The same, for other values of the same series: they are made when somebody reads one, and that is seldom. */
  readonly publishWhenRead: (wanted: () => ReadonlyArray<Series>) => void
}

/** Nothing is published at first. All series are removed with the scope. */
export const makePublishedSeries = Effect.gen(function*() {
  const context = yield* Effect.context()
  const published = new Map<string, Published>()
  let newest: (() => ReadonlyArray<Series>) | undefined

  const publish = (wanted: ReadonlyArray<Series>) => {
    newest = undefined
    const seen = new Set<string>()
    for (const series of wanted) {
      const key = seriesKey(series)
      seen.add(key)
      const known = published.get(key)
      if (known === undefined) published.set(key, register(series, key))
      else known.value = series.value
    }
    for (const [key, { registration }] of published) {
      if (seen.has(key)) continue
      registration.remove()
      published.delete(key)
    }
  }

  const register = ({ labels, name, value }: Series, key: string): Published => {
    const read = (): number => {
      if (newest !== undefined) publish(newest())
      return published.get(key)?.value ?? value
    }
    const get = name === "process_restart_count"
      ? () => ({ count: read(), incremental: true })
      : () => ({ value: read() })
    const metric = Metric.withAttributes(ptpMetrics[name], labels)
    const hooks = { get, update: Function.constVoid, modify: Function.constVoid }
    return { registration: Metric.registerUnsafe(metric, context, hooks), value }
  }

  yield* Effect.addFinalizer(() => Effect.sync(() => publish([])))
  return { publish, publishWhenRead: (wanted) => void (newest = wanted) } satisfies PublishedSeries
})

/** No label contains a zero character. */
const seriesKey = ({ labels, name }: Series): string => {
  let key: string = name
  for (const label in labels) key += `\0${labels[label]}`
  return key
}
