/**
 * The one-letter options of each program, as in its getopt string, with the type of the value and the configuration
 * option that the letter sets. `Options` reads command lines by these tables.
 */
import * as clock from "./ClockName.ts"
import { shmSegment } from "./ConfigOptionClock.ts"
import { isInRelease, type Release } from "./ConfigOptionRow.ts"
import type { LinuxptpVersion } from "./LinuxptpVersion.ts"
import type { Program } from "./Program.ts"
import * as pattern from "./ValuePattern.ts"
import { decimal, integer, intMax, intMin, type ValueType, word } from "./ValueType.ts"

export interface ShortOption {
  readonly letter: string
  /** Absent: the option takes no value. */
  readonly type?: ValueType
  /** The configuration option that the letter sets: to the letter's own value, or to `value`. */
  readonly sets?: { readonly name: string; readonly value?: string }
  readonly since?: Release
  /** Why the daemon ignores or refuses it; absent if it is allowed. */
  readonly ignored?: string
  readonly refused?: string
  /** The letter that is written instead. */
  readonly alias?: string
}

/** A value that is refused or ignored needs no type, but getopt still takes it from the words. */
const anything = pattern.anyText

const logging: ReadonlyArray<ShortOption> = [
  { letter: "l", type: integer(0, 7), sets: { name: "logging_level" } },
  { letter: "m", ignored: "the daemon always reads linuxptp's output" },
  { letter: "q", ignored: "the daemon writes linuxptp's output to its own log" },
  { letter: "f", type: anything, refused: "the daemon writes the configuration file" },
  { letter: "v", refused: "it prints the version and ends the program" },
  { letter: "h", refused: "it prints the usage and ends the program" }
]

const sets = (letter: string, name: string, value: string): ShortOption => ({ letter, sets: { name, value } })
const takes = (letter: string, type: ValueType, name?: string): ShortOption =>
  name === undefined ? { letter, type } : { letter, type, sets: { name } }

const ptp4l: ReadonlyArray<ShortOption> = [
  sets("A", "delay_mechanism", "Auto"),
  sets("E", "delay_mechanism", "E2E"),
  sets("P", "delay_mechanism", "P2P"),
  sets("2", "network_transport", "L2"),
  sets("4", "network_transport", "UDPv4"),
  sets("6", "network_transport", "UDPv6"),
  sets("H", "time_stamping", "hardware"),
  sets("S", "time_stamping", "software"),
  sets("L", "time_stamping", "legacy"),
  sets("s", "slaveOnly", "1"),
  takes("i", pattern.interfaceName),
  takes("p", clock.phcDevicePath),
  ...logging
]

/** The letter of a clock; what it may be has grown with linuxptp. */
const clockOption = (letter: string, alias: string = letter): ReadonlyArray<ShortOption> => [
  { letter, alias, type: clock.clockNameBefore4 },
  { letter, alias, type: clock.clockName, since: "4.0" },
  { letter, alias, type: clock.clockNameAfter44, since: "after 4.4" }
]

const positive = decimal(0, Number.MAX_VALUE)

const phc2sys: ReadonlyArray<ShortOption> = [
  { letter: "a" },
  { letter: "r" },
  { letter: "w" },
  sets("x", "kernel_leap", "0"),
  ...clockOption("c"),
  { letter: "C", type: clock.systemClock, since: "after 4.4" },
  takes("d", pattern.ppsDevice),
  ...clockOption("s"),
  // phc2sys.c: "'-i' has been deprecated. please use '-s' instead."
  ...clockOption("i", "s"),
  { letter: "E", type: word("pi", "linreg", "ntpshm"), sets: { name: "clock_servo" } },
  {
    letter: "E",
    type: word("pi", "linreg", "ntpshm", "refclock_sock"),
    sets: { name: "clock_servo" },
    since: "4.0"
  },
  takes("P", positive, "pi_proportional_const"),
  takes("I", positive, "pi_integral_const"),
  takes("S", positive, "step_threshold"),
  takes("F", positive, "first_step_threshold"),
  takes("R", decimal(1e-9, Number.MAX_VALUE)),
  takes("N", integer(1, intMax)),
  takes("O", integer(intMin, intMax)),
  takes("L", integer(0, intMax), "sanity_freq_limit"),
  takes("M", shmSegment, "ntpshm_segment"),
  takes("u", integer(0, 4_294_967_295)),
  takes("n", integer(0, 255), "domainNumber"),
  { letter: "z", type: anything, refused: "the daemon knows the socket of its ptp4l" },
  { letter: "t", type: anything, ignored: "the daemon tells lines apart by their process" },
  ...logging
]

const ts2phc: ReadonlyArray<ShortOption> = [
  { letter: "a", since: "4.0" },
  takes("c", clock.phcNameBefore4),
  { letter: "c", type: clock.phcName, since: "4.0" },
  takes("s", clock.todSourceBefore4),
  { letter: "s", type: clock.todSource, since: "4.0" },
  ...logging
]

const timemaster: ReadonlyArray<ShortOption> = [
  ...logging,
  { letter: "n", refused: "it prints what would run and ends the program" }
]

const tables: Readonly<Record<Program, ReadonlyArray<ShortOption>>> = { ptp4l, phc2sys, ts2phc, timemaster }

/** The option `letter` of `program`. If `version` does not have it, the result is the release that introduced it. */
export const findShortOption = (
  program: Program,
  version: LinuxptpVersion,
  letter: string
): ShortOption | { readonly missingBefore: Release } | undefined => {
  const rows = tables[program].filter((row) => row.letter === letter)
  const first = rows[0]?.since
  return rows.findLast((row) => isInRelease(version, row.since ?? "2.0")) ?? (first && { missingBefore: first })
}
