/**
 * The simulated ts2phc: a pulse comes once a second, and each PHC that is not the reference follows it. With `-a` the
 * PHCs are those of a ptp4l. Not simulated: a pulse that is missing, NMEA, holdover.
 */
import { isAtLeast, type LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"
import { type CommandLine, hasOption, setting, voiceOf } from "./CommandLine.ts"
import {
  debug,
  info,
  type Message,
  type Moment,
  notice,
  type SimulatedProgram,
  speak,
  type Voice
} from "./SimulatedProgram.ts"
import { firstSample, nextSample, offsetText, type Servo } from "./SimulatedServo.ts"

/** What the simulated ts2phc takes from its options and its file. */
export interface Ts2phcSettings {
  readonly voice: Voice
  readonly version: LinuxptpVersion
  /** The PHCs, with the names that the user gave them: a NIC or /dev/ptpN. */
  readonly sinks: ReadonlyArray<string>
  /** With `-a`: the socket of the ptp4l to ask. */
  readonly socket: string | undefined
}

/** The settings of one start. The sinks are the values of `-c` and the sections of the file. */
export const readTs2phcSettings = (commandLine: CommandLine, version: LinuxptpVersion): Ts2phcSettings => ({
  voice: voiceOf("ts2phc", commandLine),
  version,
  sinks: [
    ...new Set([
      ...commandLine.options.get("c") ?? [],
      ...[...commandLine.sections].flatMap(([name, settings]) =>
        name === "global" || settings.get("ts2phc.master") === "1" ? [] : [name]
      )
    ])
  ],
  socket: hasOption(commandLine, "a") ? setting(commandLine, "uds_address") ?? "/var/run/ptp4l" : undefined
})

/** A good GNSS pulse compared with a PHC. */
const nature = { initialOffsetNs: 5_000, jitterNs: 12, delayNs: 0, largestDriftPpb: 8_000 }

const pulseInterval = 1000

/** A ts2phc that is about to start. */
export const simulatedTs2phc = (settings: Ts2phcSettings): SimulatedProgram => program(settings, new Map())

const program = (settings: Ts2phcSettings, servos: ReadonlyMap<string, Servo>): SimulatedProgram => ({
  sockets: [],
  answer: () => undefined,
  farewell: () => [],
  step: (moment) => {
    const sinks = sinksOf(settings, moment)
    const pulsed = new Map(
      (sinks ?? []).map((sink) => {
        const last = servos.get(sink)
        return [sink, last === undefined ? firstSample(nature, moment.draw) : nextSample(last, nature, moment.draw)]
      })
    )
    const messages = sinks === undefined
      ? [notice("Waiting for ptp4l...")]
      : [...pulsed].map(([sink, servo]) => offsetMessage(settings.version, sink, servo))
    return {
      next: program(settings, pulsed),
      lines: speak(settings.voice, moment.now, messages),
      wakeAt: moment.now + pulseInterval
    }
  }
})

/**
 * Undefined while ptp4l does not answer. Ports with the same PHC count once, and a clock that ptp4l steers is left
 * alone.
 */
const sinksOf = (settings: Ts2phcSettings, { ask, node }: Moment): ReadonlyArray<string> | undefined => {
  if (settings.socket === undefined) return settings.sinks
  const ports = ask(settings.socket)?.ports
  const phcOf = (nic: string) => node.interfaces.find(({ name }) => name === nic)?.phcIndex
  const steered = ports?.filter(({ state }) => state === "SLAVE" || state === "UNCALIBRATED").map(({ nic }) =>
    phcOf(nic)
  )
  return ports
    ?.filter(({ nic }) => !steered?.includes(phcOf(nic)))
    .filter(({ nic }, index, all) => all.findIndex((other) => phcOf(other.nic) === phcOf(nic)) === index)
    .map(({ nic }) => nic)
}

/** linuxptp ts2phc.c, ts2phc_synchronize_clocks. Before 4.0 it is only a debug line. */
const offsetMessage = (version: LinuxptpVersion, sink: string, servo: Servo): Message =>
  isAtLeast(version, 4, 0)
    ? info(`${sink} offset ${offsetText(servo, 10)}`)
    : debug(`${sink} master offset ${offsetText(servo, 10)}`)
