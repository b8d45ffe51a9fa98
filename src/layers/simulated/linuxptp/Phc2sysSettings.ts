/**
 * The options of phc2sys that change what the simulated one does, read once at its start. Defaults are those of
 * linuxptp phc2sys.c.
 */
import type { LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"
import { type CommandLine, hasOption, numberSetting, setting, voiceOf } from "./CommandLine.ts"
import type { Voice } from "./SimulatedProgram.ts"

/** Times in milliseconds. */
export interface Phc2sysSettings {
  readonly voice: Voice
  readonly version: LinuxptpVersion
  /** `-a`: clocks come from ptp4l. Else they are `source` and `sinks`. */
  readonly isAutomatic: boolean
  /** What `-a` makes of CLOCK_REALTIME: nothing, a sink (`-r`), or a source too when there is no other (`-r -r`). */
  readonly systemClock: "unused" | "sink" | "sinkOrSource"
  /** Sockets of the ptp4l to ask (`-z`, `uds_address`). */
  readonly sockets: ReadonlyArray<string>
  /** `-w`: wait until ptp4l is in step. */
  readonly waits: boolean
  readonly source: string | undefined
  /** What the source is called in offset lines: `phc`, `sys` or `pps`. */
  readonly sourceLabel: string
  readonly sinks: ReadonlyArray<string>
  readonly updateInterval: number
  /** `-u`: updates in one summary line; 0 prints each offset. */
  readonly updatesInSummary: number
  /** False with the servos that only tell another program. */
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
    // Faster than 16 a second would only flood.
    updateInterval: 1000 / Math.min(Math.max(rate, 0.01), 16),
    updatesInSummary: Math.max(0, numberSetting(commandLine, "u", 0)),
    steers: servo !== "ntpshm" && servo !== "refclock_sock"
  }
}
