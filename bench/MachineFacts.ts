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

/** The value below which `share` (0..1) of the samples lie; samples are not empty. */
export const percentile = (samples: ReadonlyArray<number>, share: number): number => {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
