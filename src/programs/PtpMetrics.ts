/**
 * The `openshift_ptp_*` metrics, and how series are written to them: changed series are set, and series that are gone
 * are removed. The names are those of existing dashboards, so some contain a wrong unit; the help texts say the right
 * one.
 *
 * This is a program and not a layer: it writes to Effect's own metric registry, like all other metrics of the daemon,
 * so there is no technology to choose.
 */
import { Effect, Metric } from "effect"
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
  readonly metric: Metric.Metric<number, unknown>
  readonly isCounter: boolean
  value: number
}

/** The series in the fiber's metric registry. Only the owner of this object writes them. */
export interface PublishedSeries {
  /** Makes the registry contain exactly these series. */
  readonly publish: (wanted: ReadonlyArray<Series>) => void
}

/** Nothing is published at first. All series are removed with the scope. */
export const makePublishedSeries = Effect.gen(function*() {
  const context = yield* Effect.context()
  const published = new Map<string, Published>()

  const remove = (key: string, { metric }: Published) => {
    Metric.removeUnsafe(metric, context)
    published.delete(key)
  }

  const publish = (wanted: ReadonlyArray<Series>) => {
    const seen = new Set<string>()
    for (const series of wanted) {
      const key = seriesKey(series)
      seen.add(key)
      let known = published.get(key)
      // A counter with a smaller value is a new one, because the process was replaced.
      if (known !== undefined && known.isCounter && series.value < known.value) {
        remove(key, known)
        known = undefined
      }
      if (known?.value === series.value) continue
      const { isCounter, metric } = known ?? newSeries(series)
      metric.updateUnsafe(isCounter ? series.value - (known?.value ?? 0) : series.value, context)
      published.set(key, { metric, isCounter, value: series.value })
    }
    for (const [key, known] of published) if (!seen.has(key)) remove(key, known)
  }

  yield* Effect.addFinalizer(() => Effect.sync(() => publish([])))
  return { publish } satisfies PublishedSeries
})

const newSeries = ({ labels, name }: Series) => ({
  metric: Metric.withAttributes(ptpMetrics[name], labels),
  isCounter: name === "process_restart_count"
})

/** No label contains a zero character. */
const seriesKey = ({ labels, name }: Series): string => {
  let key: string = name
  for (const label in labels) key += `\0${labels[label]}`
  return key
}
