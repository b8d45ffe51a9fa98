/** What a number of a benchmark means little without: the machine it was measured on, and how numbers are summed up. */
import os from "node:os"

/** One line about this machine. */
export const machineFacts = (): string => {
  const [cpu] = os.cpus()
  const gibibytes = Math.round(os.totalmem() / 2 ** 30)
  return `${os.cpus().length} x ${
    cpu?.model ?? "unknown CPU"
  }, ${gibibytes} GiB, ${os.type()} ${os.release()}, node ${process.version}`
}

/** `p50 1.2 ms (target 20), p99 4.5 ms, max 6.0 ms`; samples are milliseconds, and not empty. */
export const spread = (
  samples: ReadonlyArray<number>,
  targets: { readonly p50?: number; readonly p99?: number } = {}
): string => {
  return [
    told("p50", percentile(samples, 0.5), targets.p50),
    told("p99", percentile(samples, 0.99), targets.p99),
    told("max", Math.max(...samples))
  ].join(", ")
}

const told = (name: string, millis: number, target?: number) =>
  `${name} ${millis.toFixed(1)} ms${target === undefined ? "" : ` (target ${target})`}`

/** The value below which `share` (0..1) of the samples lie; samples are not empty. */
const percentile = (samples: ReadonlyArray<number>, share: number): number => {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
