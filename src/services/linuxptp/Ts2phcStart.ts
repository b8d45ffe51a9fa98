/** What ts2phc would refuse at its start, as far as the text alone tells it (linuxptp ts2phc.c, main). */
import { isPulseSource } from "./ClockName.ts"
import { isInRelease } from "./ConfigOptionRow.ts"
import { optionValue, type ProgramOptions } from "./EffectiveOption.ts"

/** What is wrong, and in which field: the options or the configuration text. */
export interface Ts2phcStartFault {
  readonly field: "ts2phcOpts" | "ts2phcConf"
  readonly message: string
}

/** Why ts2phc would end. `clocks` are those of `-c` and of the sections. */
export const findTs2phcStartFaults = (
  options: ProgramOptions,
  clocks: ReadonlyArray<string>
): ReadonlyArray<Ts2phcStartFault> => {
  const typed = (letter: string) => options.arguments.filter(({ name }) => name === letter)
  const isSource = (clock: string): boolean => optionValue(options, "ts2phc.master", clock) === "1"
  const sources = typed("s").length + clocks.filter(isSource).length
  const hasSink = typed("c").length > 0 || clocks.some((clock) => !isSource(clock))
  return [
    ...(sources > 1 ? [opts("-s: there are several sources of time; -s and ts2phc.master 1 each name one")] : []),
    ...(sources === 0 && !isInRelease(options.version, "4.0")
      ? [opts("-s: is missing: linuxptp below 4.0 has no default source of time")]
      : []),
    ...(hasSink ? [] : [opts("-c: is missing: there is no clock to steer, and no section of one in ts2phcConf")]),
    ...clocks.filter((clock) => isPulseSource(clock) && !isSource(clock))
      .map((clock) => conf(`[${clock}]: is no clock to steer; as the source it needs ts2phc.master 1`)),
    ...pulseFaults(options)
  ]
}

const opts = (message: string): Ts2phcStartFault => ({ field: "ts2phcOpts", message })
const conf = (message: string): Ts2phcStartFault => ({ field: "ts2phcConf", message })

const nanosecondsPerSecond = 1_000_000_000
const shortestPause = 1_000_000

/** linuxptp ts2phc_pps_sink.c, ts2phc_pps_sink_create. */
const pulseFaults = (options: ProgramOptions): ReadonlyArray<Ts2phcStartFault> => {
  const rate = Number(optionValue(options, "ts2phc.pulserate") ?? "1")
  const width = Number(optionValue(options, "ts2phc.pulsewidth"))
  return width > Math.floor(nanosecondsPerSecond / rate) - shortestPause
    ? [conf(`ts2phc.pulsewidth ${width}: is too long for ts2phc.pulserate ${rate}`)]
    : []
}
