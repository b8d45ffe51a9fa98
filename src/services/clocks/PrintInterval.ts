/**
 * How often a program prints a measurement, by its own configuration. Where only the log tells whether a clock is still
 * measured, the daemon waits for three of these intervals.
 */
import type { ProcessSpec } from "../processes/ProcessSpec.ts"

/** In nanoseconds: the longest time between two lines while it measures. Undefined for programs with children. */
export const printIntervalOf = ({ argv, files, program }: ProcessSpec): bigint | undefined => {
  const words = argv.join(" ")
  const onCommandLine = (option: RegExp): number | undefined => {
    const value = [...words.matchAll(option)].at(-1)?.[1]
    return value === undefined ? undefined : Number(value)
  }
  switch (program) {
    case "ptp4l": {
      const [text = ""] = Object.values(files)
      const inFile = [...text.matchAll(/^summary_interval\s+(\S+)/gm)].at(-1)?.[1]
      const summaryInterval = onCommandLine(/--summary_interval=(\S+)/g) ?? Number(inFile ?? 0)
      // Not more often than Sync messages arrive, one a second by default.
      return seconds(Math.max(1, 2 ** summaryInterval))
    }
    case "phc2sys":
      // phc2sys.c: `-R` updates in a second, and one line for `-u` of them.
      return seconds((onCommandLine(/ -u (\S+)/g) ?? 1) / (onCommandLine(/ -R (\S+)/g) ?? 1))
    case "ts2phc":
      // One pulse a second.
      return seconds(1)
    default:
      return undefined
  }
}

const seconds = (count: number): bigint | undefined =>
  Number.isFinite(count) && count > 0 ? BigInt(Math.round(count * 1e9)) : undefined
