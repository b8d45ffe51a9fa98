/**
 * Plans a profile's phc2sys in two steps. First its options are read. Then it is bound to the ptp4l that it follows:
 * the one of its own profile, or, with `-a` and without one, all ptp4l of the profiles that run on the node.
 */
import { type ConfigFile, entriesOf, setOption } from "../linuxptp/ConfigFile.ts"
import { isInRelease } from "../linuxptp/ConfigOptionRow.ts"
import { readConfigText } from "../linuxptp/ConfigText.ts"
import { optionValue } from "../linuxptp/EffectiveOption.ts"
import { isAtLeast, type LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import { type Argument, readOptions, renderArguments } from "../linuxptp/Options.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import { type PlanContext, processSpec, withOwnedSettings } from "./PlanContext.ts"
import { isError, ofConfigText, ofOptions, planError, type PlanProblem } from "./PlanProblem.ts"
import type { Ptp4lServer } from "./Ptp4lPlan.ts"
import { byText } from "./ResultOrder.ts"

/** A phc2sys that is not bound to a ptp4l yet. */
export interface Phc2sysDraft {
  readonly context: PlanContext
  /** Without the options that its ptp4l decides. */
  readonly arguments: ReadonlyArray<Argument>
  readonly file: ConfigFile
  /** Values that the user has given for such options. Each must be equal to its ptp4l's value. */
  readonly claims: ReadonlyArray<Claim>
  /**
   * With `-a` or `-w` phc2sys talks to ptp4l, after 4.4 also without `-O`; otherwise it only compares two clocks.
   */
  readonly asksPtp4l: boolean
  readonly isAutomatic: boolean
  readonly writesSystemClock: boolean
  readonly problems: ReadonlyArray<PlanProblem>
}

interface Claim {
  readonly field: string
  readonly option: string
  readonly setting: "domainNumber" | "transportSpecific"
  readonly value: string
}

/** linuxptp phc2sys.c: MAX_DOMAINS. With `-r` the system clock is one of them. */
const mostDomains = 16

const decidedByPtp4l = ["domainNumber", "transportSpecific"] as const

/**
 * A configuration file cannot name a mode of phc2sys, so it starts only if the options contain one (`-a`, `-s` or
 * `-d`).
 */
export const readPhc2sys = (context: PlanContext): Phc2sysDraft | undefined => {
  const { profile, version } = context
  const options = readOptions("phc2sys", version, profile.phc2sysOpts)
  const typed = new Set(options.arguments.map(({ name }) => name))
  const text = readConfigText("phc2sys", version, profile.phc2sysConf)
  const problems = [...ofOptions("phc2sysOpts", options.problems), ...ofConfigText("phc2sysConf", text.problems)]
  // Options that cannot be read may contain a mode.
  if (!["a", "s", "d"].some((mode) => typed.has(mode)) && !problems.some(isError)) return undefined
  const isAutomatic = typed.has("a")
  const servo = optionValue(
    { program: "phc2sys", version, arguments: options.arguments, file: text.file },
    "clock_servo"
  )
  return {
    context,
    arguments: options.arguments.filter(({ name }) => settingOf(name) === undefined),
    file: {
      sections: text.file.sections.map((section) => ({
        name: section.name,
        entries: section.entries.filter(({ key }) => settingOf(key) === undefined)
      }))
    },
    claims: claimsOf(options.arguments, text.file),
    asksPtp4l: isAutomatic || typed.has("w") || (isInRelease(version, "after 4.4") && !typed.has("O")),
    isAutomatic,
    writesSystemClock: servo !== "ntpshm" && servo !== "refclock_sock" && steersSystemClock(version, options.arguments),
    problems: problems.some(isError) ? problems : [...problems, ...modeProblems(version, options.arguments)]
  }
}

const settingOf = (name: string): Claim["setting"] | undefined =>
  name === "n" ? "domainNumber" : decidedByPtp4l.find((setting) => setting === name)

const claimsOf = (args: ReadonlyArray<Argument>, file: ConfigFile): ReadonlyArray<Claim> => [
  ...args.flatMap(({ name, value }): ReadonlyArray<Claim> => {
    const setting = settingOf(name)
    if (setting === undefined || value === undefined) return []
    return [{ field: "phc2sysOpts", option: name.length > 1 ? `--${name}` : `-${name}`, setting, value }]
  }),
  ...entriesOf(file, "global").flatMap(({ key, value }): ReadonlyArray<Claim> => {
    const setting = settingOf(key)
    return setting === undefined ? [] : [{ field: "phc2sysConf", option: key, setting, value }]
  })
]

/**
 * With `-a`, only `-r` makes the system clock a sink. Without `-a` the sinks are those of `-c`, by default the system
 * clock.
 */
const steersSystemClock = (version: LinuxptpVersion, args: ReadonlyArray<Argument>): boolean => {
  if (args.some(({ name }) => name === "a")) return args.some(({ name }) => name === "r")
  const sinks = sinksOf(version, args)
  return sinks.length === 0 || sinks.includes("CLOCK_REALTIME")
}

/** The values of `-c`. Below 4.0 phc2sys has one sink, and the last one counts. */
const sinksOf = (version: LinuxptpVersion, args: ReadonlyArray<Argument>): ReadonlyArray<string> => {
  const sinks = args.flatMap(({ name, value }) => (name === "c" && value !== undefined ? [value] : []))
  return isInRelease(version, "4.0") ? sinks : sinks.slice(-1)
}

/** Combinations of options at which phc2sys itself would end at once (phc2sys.c, main). */
const modeProblems = (version: LinuxptpVersion, args: ReadonlyArray<Argument>): ReadonlyArray<PlanProblem> => {
  const typed = new Set(args.map(({ name }) => name))
  const sinks = sinksOf(version, args)
  const isLater = isInRelease(version, "after 4.4")
  if (typed.has("a")) {
    const manual = ["s", ...(isLater ? [] : ["c"]), "w", "O", "d"].filter((name) => typed.has(name))
    return [
      ...manual.map((name) => planError("phc2sysOpts", `-${name}: phc2sys does not take it together with -a`)),
      ...(isLater && sinks.some((name) => name.startsWith("CLOCK_"))
        ? [planError("phc2sysOpts", "-c: with -a it is a PHC; -r adds the system clock")]
        : [])
    ]
  }
  return [
    ...(isLater || typed.has("w") || typed.has("O")
      ? []
      : [
        planError(
          "phc2sysOpts",
          `-${typed.has("s") ? "s" : "d"}: phc2sys ends without the offset of the clocks: -w asks ptp4l, -O gives it`
        )
      ]),
    ...(typed.has("d") && sinks.some((name, _, all) => name !== "CLOCK_REALTIME" || all.length > 1)
      ? [planError("phc2sysOpts", "-d: a pulse steers CLOCK_REALTIME only, and -c names another clock")]
      : [])
  ]
}

/** A phc2sys bound to `servers`: the process, or why it cannot be bound. */
export interface Phc2sysPlan {
  readonly spec: ProcessSpec
  readonly problems: ReadonlyArray<PlanProblem>
}

/**
 * Binds a phc2sys to `followed`, by default all of `servers`. Their order does not change the result. Whether it can be
 * bound depends on all of them, so that it does not change while one of them is away.
 */
export const bindPhc2sys = (
  draft: Phc2sysDraft,
  servers: ReadonlyArray<Ptp4lServer>,
  followed: ReadonlyArray<Ptp4lServer> = servers
): Phc2sysPlan => {
  const sorted = followed.toSorted((a, b) => byText(a.id, b.id))
  const asked = draft.asksPtp4l ? sorted : []
  const [first] = asked
  const file = withOwnedSettings(draft.file)
  return {
    spec: {
      ...processSpec(draft.context, {
        program: "phc2sys",
        words: [
          ...renderArguments(draft.arguments),
          ...asked.flatMap(({ socket }) => ["-z", socket]),
          ...asked.flatMap(({ domainNumber }) => ["-n", domainNumber])
        ],
        file: first === undefined ? file : setOption(file, "global", "transportSpecific", first.transportSpecific),
        after: sorted.map(({ id }) => id),
        interfaces: []
      }),
      claims: { interfaces: [], clocks: steeredClocks(draft.arguments) }
    },
    problems: draft.asksPtp4l ? [...serverProblems(draft, servers), ...claimProblems(draft, servers)] : []
  }
}

/** Without `-a`. With it, the clocks are those of its ptp4l, which has claimed them. */
const steeredClocks = (args: ReadonlyArray<Argument>): ReadonlyArray<string> =>
  args.flatMap(({ name, value = "" }) => (name === "c" && !value.startsWith("CLOCK_") ? [value] : []))

const serverProblems = (draft: Phc2sysDraft, servers: ReadonlyArray<Ptp4lServer>): ReadonlyArray<PlanProblem> => {
  const field = "phc2sysOpts"
  if (servers.length === 0) {
    return [planError(field, noServer(draft))]
  }
  const problems: Array<PlanProblem> = []
  if (servers.length > 1 && !isAtLeast(draft.context.version, 4, 1)) {
    problems.push(planError(field, `-a: phc2sys follows ${servers.length} ptp4l only from linuxptp 4.1 on`))
  }
  const most = mostDomains - (draft.arguments.some(({ name }) => name === "r") ? 1 : 0)
  if (servers.length > most) {
    problems.push(planError(field, `-a: phc2sys follows at most ${most} ptp4l, not ${servers.length}`))
  }
  if (new Set(servers.map(({ transportSpecific }) => transportSpecific)).size > 1) {
    problems.push(planError(field, "-a: the ptp4l to follow differ in transportSpecific, phc2sys knows one"))
  }
  // phc2sys.c, auto_init_ports: such ports do not count, and phc2sys ends if a ptp4l has no others.
  const software = draft.isAutomatic ? servers.filter(({ timeStamping }) => timeStamping === "software") : []
  for (const { interfaces } of software) {
    const message = `-a: the ptp4l on ${interfaces.join(", ")} has software time stamps, so there is no clock to follow`
    problems.push(planError(field, message))
  }
  return problems
}

/** Says how there would be one, because an empty `ptp4lOpts` looks as if it started ptp4l. */
const noServer = ({ arguments: args, isAutomatic }: Phc2sysDraft): string => {
  const option = isAutomatic ? "-a" : args.some(({ name }) => name === "w") ? "-w" : "-s"
  const other = option === "-s" ? ", or -O gives the offset of the clocks" : ""
  return `${option}: there is no ptp4l to follow: ptp4lOpts or ptp4lConf start one, an interface alone does not${other}`
}

const claimProblems = (draft: Phc2sysDraft, servers: ReadonlyArray<Ptp4lServer>): ReadonlyArray<PlanProblem> =>
  draft.claims.flatMap(({ field, option, setting, value }) => {
    if (servers.length === 0 || servers.some((server) => server[setting] === value)) return []
    const actual = [...new Set(servers.map((server) => server[setting]))].join(", ")
    return [planError(field, `${option} ${value}: the ${setting} of ptp4l is ${actual}`)]
  })
