/**
 * The programs that timemaster starts for its configuration: chronyd or ntpd, then for each PHC of each domain a ptp4l
 * and a phc2sys (linuxptp timemaster.c, script_create). SimulatedTimemaster runs them.
 */
import { type ConfigFile, entriesOf } from "../../../services/linuxptp/ConfigFile.ts"
import { isAtLeast, type LinuxptpVersion } from "../../../services/linuxptp/LinuxptpVersion.ts"
import type { Program } from "../../../services/linuxptp/Program.ts"
import type { ProcessSpec } from "../../../services/processes/ProcessSpec.ts"
import type { SimulatedNode } from "./SimulatedNetwork.ts"

/** The node and the directories for the children. */
export interface TimemasterPlace {
  readonly spec: ProcessSpec
  readonly version: LinuxptpVersion
  readonly node: SimulatedNode
}

/** The command line of the NTP server. The server itself is not simulated: it prints nothing. */
export const ntpServerCommand = (file: ConfigFile): ReadonlyArray<string> => {
  const directory = runDirectory(file)
  return lastValue(file, "timemaster", "ntp_program") === "ntpd"
    ? ["ntpd", ...optionWords(file, "ntpd", ""), "-n", "-c", `${directory}/ntp.conf`]
    : ["chronyd", ...optionWords(file, "chronyd", ""), "-n", "-f", `${directory}/chrony.conf`]
}

/** The linuxptp programs in the order of their start. */
export const timemasterChildren = (file: ConfigFile, place: TimemasterPlace): ReadonlyArray<ProcessSpec> =>
  file.sections
    .filter(({ name }) => name.startsWith("ptp_domain"))
    .flatMap(({ name }) => {
      const nics = (lastValue(file, name, "interfaces") ?? "").split(/\s+/).filter((word) => word !== "")
      return nicsByPhc(name, nics, place.node)
    })
    .flatMap((group, index) => groupChildren(file, place, group, index))

interface Group {
  /** `ptp_domain N`. */
  readonly section: string
  readonly nics: ReadonlyArray<string>
  readonly hasPhc: boolean
}

const nicsByPhc = (section: string, nics: ReadonlyArray<string>, node: SimulatedNode): ReadonlyArray<Group> => {
  const phcOf = (nic: string) => node.interfaces.find(({ name }) => name === nic)?.phcIndex
  const phcs = [...new Set(nics.map((nic) => phcOf(nic) ?? nic))]
  return phcs.map((phc) => ({
    section,
    nics: nics.filter((nic) => (phcOf(nic) ?? nic) === phc),
    hasPhc: typeof phc === "number"
  }))
}

const groupChildren = (
  file: ConfigFile,
  place: TimemasterPlace,
  { hasPhc, nics, section }: Group,
  index: number
): ReadonlyArray<ProcessSpec> => {
  const directory = runDirectory(file)
  const domain = section.split(" ").at(-1) ?? "0"
  const tag = `[${domain}:${nics.join("+")}]`
  const [path, socket] = [`${directory}/ptp4l.${index}.conf`, `${directory}/ptp4l.${index}.socket`]
  const words = ["-f", path, hasPhc ? "-H" : "-S", ...nics.flatMap((nic) => ["-i", nic])]
  const ptp4l = child("ptp4l", place, [...optionWords(file, "ptp4l", "-l 5"), ...words], nics, {
    [path]: ptp4lConf(file, section, domain, tag, socket)
  })
  if (!hasPhc) return [ptp4l]
  const rate = (1 / 2 ** Number(lastValue(file, section, "phc2sys_poll") ?? 0)).toFixed(2)
  const servo = isAtLeast(place.version, 4, 0)
    ? ["-E", "refclock_sock", "--refclock_sock_address", `${directory}/chrony.SOCK${index}`]
    : ["-E", "ntpshm", "-M", String(index)]
  const phc2sysWords = ["-a", "-r", "-R", rate, "-z", socket, "-t", tag, "-n", domain, ...servo]
  return [ptp4l, child("phc2sys", place, [...optionWords(file, "phc2sys", "-l 5"), ...phc2sysWords], [], {})]
}

const child = (
  program: Program,
  { spec }: TimemasterPlace,
  words: ReadonlyArray<string>,
  interfaces: ReadonlyArray<string>,
  files: ProcessSpec["files"]
): ProcessSpec => ({ ...spec, program, argv: [program, ...words], files, interfaces, after: [] })

/** A leading `>` keeps timemaster from interpreting the bracket of a raw line. */
const ptp4lConf = (file: ConfigFile, section: string, domain: string, tag: string, socket: string): string =>
  [
    "[global]",
    `domainNumber ${domain}`,
    "clientOnly 1",
    ...entriesOf(file, section).filter(({ key }) => key === "ptp4l_option").map(({ value }) => value),
    `uds_address ${socket}`,
    `message_tag ${tag}`,
    ...entriesOf(file, "ptp4l.conf").map(({ key, value }) => `${key} ${value}`.replace(/^>/, ""))
  ].join("\n")

const runDirectory = (file: ConfigFile): string => lastValue(file, "timemaster", "rundir") ?? "/var/run/timemaster"

const optionWords = (file: ConfigFile, section: string, absent: string): ReadonlyArray<string> =>
  (lastValue(file, section, "options") ?? absent).split(/\s+/).filter((word) => word !== "")

const lastValue = (file: ConfigFile, section: string, key: string): string | undefined =>
  entriesOf(file, section).findLast((entry) => entry.key === key)?.value
