/**
 * The options of phc2sys that change the behaviour of the simulated one, read once at its start. The defaults are those
 * of linuxptp phc2sys.c.
 */
import type { LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"
import { type CommandLine, hasOption, numberSetting, setting, voiceOf } from "./CommandLine.ts"
import type { Voice } from "./SimulatedProgram.ts"

/** All times are in milliseconds. */
export interface Phc2sysSettings {
  readonly voice: Voice
  readonly version: LinuxptpVersion
  /** `-a`: ptp4l says which clocks there are. Otherwise they are `source` and `sinks`. */
  readonly isAutomatic: boolean
  /** The role of CLOCK_REALTIME with `-a`: none, a sink (`-r`), or also a source if there is no other (`-r -r`). */
  readonly systemClock: "unused" | "sink" | "sinkOrSource"
  /** The sockets of the ptp4l processes to ask (`-z`, `uds_address`). */
  readonly sockets: ReadonlyArray<string>
  /** `-w`: waits until ptp4l is synchronised. */
  readonly waits: boolean
  readonly source: string | undefined
  /** The name of the source in offset lines: `phc`, `sys` or `pps`. */
  readonly sourceLabel: string
  readonly sinks: ReadonlyArray<string>
  readonly updateInterval: number
  /** `-u`: the number of updates in one summary line; 0 prints each offset. */
  readonly updatesInSummary: number
  /** False for servos that only pass the time on to another program. */
  readonly steers: boolean
}

/** The settings of one start. */
export const readPhc2sysSettings = (commandLine: CommandLine, version: LinuxptpVersion): Phc2sysSettings => {
  const values = (name: string): ReadonlyArray<string> => commandLine.options.get(name) ?? []
  const servo = values("E").at(-1) ?? setting(commandLine, "clock_servo") ?? "pi"
  const source = values("s").at(-1)
  const rate = numberSetting(commandLine, "R", 1)
  return {
    voice: voiceOf("phc2sys", commandLine),
    version,
    isAutomatic: hasOption(commandLine, "a"),
    systemClock: (["unused", "sink"] as const)[values("r").length] ?? "sinkOrSource",
    sockets: values("z").length > 0 ? values("z") : [setting(commandLine, "uds_address") ?? "/var/run/ptp4l"],
    waits: hasOption(commandLine, "w"),
    source,
    sourceLabel: hasOption(commandLine, "d") ? "pps" : source === "CLOCK_REALTIME" ? "sys" : "phc",
    sinks: values("c").length > 0 ? values("c") : ["CLOCK_REALTIME"],
    // More than 16 a second would only flood the output.
    updateInterval: 1000 / Math.min(Math.max(rate, 0.01), 16),
    updatesInSummary: Math.max(0, numberSetting(commandLine, "u", 0)),
    steers: servo !== "ntpshm" && servo !== "refclock_sock"
  }
}
