/**
 * The settings of ptp4l that change the behaviour of the simulated one, read once at its start. The defaults are those
 * of linuxptp config.c.
 */
import type { LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"
import type { ProcessSpec } from "../../../services/processes/ProcessSpec.ts"
import { type CommandLine, hasOption, numberSetting, setting, stampsInHardware, voiceOf } from "./CommandLine.ts"
import { grandmasterAnnounceInterval } from "./Dialect.ts"
import type { PortTiming } from "./SimulatedPort.ts"
import type { Voice } from "./SimulatedProgram.ts"

/** All times are in milliseconds. */
export interface Ptp4lSettings {
  readonly voice: Voice
  readonly version: LinuxptpVersion
  readonly nics: ReadonlyArray<string>
  readonly clientOnly: boolean
  /** The NIC whose port may follow the grandmaster; undefined if every port is a master. */
  readonly upstream: string | undefined
  readonly freeRunning: boolean
  /** False with software time stamps: then no PHC is used, and phc2sys has nothing to do. */
  readonly usesPhc: boolean
  readonly timing: PortTiming
  readonly syncInterval: number
  /** The time between two lines about the offset. */
  readonly reportInterval: number
  /** True: prints `rms …` lines. False: prints one `master offset …` line for each Sync. */
  readonly summarises: boolean
  /** The paths of the management sockets: the read-write one, then (from linuxptp 4.0 on) the read-only one. */
  readonly sockets: ReadonlyArray<string>
}

/** The settings of one start. The command line has precedence over the file. */
export const readPtp4lSettings = (
  spec: ProcessSpec,
  commandLine: CommandLine,
  version: LinuxptpVersion
): Ptp4lSettings => {
  const interval = (name: string, absent: number): number =>
    1000 * 2 ** Math.min(Math.max(numberSetting(commandLine, name, absent), -7), 7)
  const flag = (...names: ReadonlyArray<string>): boolean =>
    names.some((name) => numberSetting(commandLine, name, 0) === 1)
  const announceInterval = interval("logAnnounceInterval", 1)
  const syncInterval = interval("logSyncInterval", 0)
  const summaryInterval = interval("summary_interval", 0)
  return {
    voice: voiceOf("ptp4l", commandLine),
    version,
    nics: spec.interfaces,
    clientOnly: hasOption(commandLine, "s") || flag("clientOnly", "slaveOnly"),
    upstream: flag("serverOnly", "masterOnly") || isBetterThanGrandmaster(commandLine)
      ? undefined
      : spec.interfaces.find((nic) => !isMasterPort(commandLine, nic)),
    freeRunning: flag("free_running"),
    usesPhc: stampsInHardware(commandLine),
    timing: {
      initialisation: 45,
      qualification: 2 * grandmasterAnnounceInterval,
      announceTimeout: announceInterval * numberSetting(commandLine, "announceReceiptTimeout", 3)
    },
    syncInterval,
    // More than 16 lines a second would only flood the output; no recorded log has more.
    reportInterval: Math.max(summaryInterval, syncInterval, 62.5),
    summarises: summaryInterval > syncInterval,
    sockets: [
      setting(commandLine, "uds_address") ?? "/var/run/ptp4l",
      setting(commandLine, "uds_ro_address") ?? "/var/run/ptp4lro"
    ]
  }
}

const isMasterPort = (commandLine: CommandLine, nic: string): boolean => {
  const section = commandLine.sections.get(nic)
  return section?.get("serverOnly") === "1" || section?.get("masterOnly") === "1"
}

/**
 * The data set comparison with a grandmaster of priority1 128 and clockClass 6. In a tie the network's grandmaster
 * wins.
 */
const isBetterThanGrandmaster = (commandLine: CommandLine): boolean => {
  const priority1 = numberSetting(commandLine, "priority1", 128)
  return priority1 < 128 || (priority1 === 128 && numberSetting(commandLine, "clockClass", 248) < 6)
}
