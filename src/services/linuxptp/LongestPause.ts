/**
 * When a program of linuxptp wakes up by itself. ptp4l, ts2phc and timemaster sleep until something happens: with its
 * cable out, or with a long announce time-out, a healthy ptp4l sleeps for minutes (clock.c, clock_poll).
 */
import { Duration } from "effect"

/** phc2sys.c, main: `-R`, updates in a second. */
const usualRate = 1

/** Undefined for a program that may sleep for ever. phc2sys sleeps between two updates, also while it waits. */
export const longestPause = (program: string, argv: ReadonlyArray<string>): Duration.Duration | undefined => {
  if (program !== "phc2sys") return undefined
  const rate = Number(argv[argv.lastIndexOf("-R") + 1])
  // While it waits for ptp4l, or for a pulse, it wakes up once a second or less often, whatever its rate is.
  return argv.includes("-R") && rate > 0 && rate < usualRate
    ? Duration.seconds(1 / rate)
    : Duration.seconds(1 / usualRate)
}
