/** Formats a decision for `plan`: as one JSON object for programs, or as a page for people. */
import type { NodeIdentity } from "../../services/kubernetes/Node.ts"
import { formatLinuxptpVersion, type LinuxptpVersion } from "../../services/linuxptp/LinuxptpVersion.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import type { ChosenProfile, Decision, Problem, SkippedProfile } from "../../services/profiles/Decision.ts"

/** A decision and what it was made for. */
export interface Plan {
  readonly node: NodeIdentity
  readonly linuxptpVersion: LinuxptpVersion
  readonly decision: Decision
}

/** The object that other programs rely on: names and order of its fields are fixed. */
export const renderPlanJson = ({ decision, linuxptpVersion, node }: Plan): string =>
  JSON.stringify(
    {
      node: node.name,
      linuxptpVersion: formatLinuxptpVersion(linuxptpVersion),
      profiles: decision.profiles.map(({ config, matchedBy, name, priority }) => ({
        config,
        name,
        priority,
        matchedBy
      })),
      skipped: decision.skipped.map(({ config, message, name, reason }) => ({ config, name, reason, message })),
      processes: decision.processes.map(({ after, argv, files, id, program }) => ({ id, program, argv, files, after })),
      problems: decision.problems.map(({ config, message, path, severity }) => ({ severity, config, path, message }))
    },
    undefined,
    2
  )

/** What runs and why, what does not and why not, the processes with their files, and what should be mended. */
export const renderPlanText = ({ decision, linuxptpVersion, node }: Plan): string =>
  [
    `Node ${node.name}, linuxptp ${formatLinuxptpVersion(linuxptpVersion)}`,
    section("Profiles that run", `none: ${whyNothingRuns(decision)}`, decision.profiles.map(profileLine)),
    section("Skipped", undefined, decision.skipped.map(skippedLine)),
    section("Processes", "none", decision.processes.flatMap(processLines)),
    section("Problems", "none", decision.problems.map(problemLine))
  ]
    .filter((text) => text !== "")
    .map(printable)
    .join("\n\n")

/** A profile that matches but cannot run has the other reasons; they are never given to one that does not match. */
const whyNothingRuns = ({ skipped }: Decision): string => {
  if (skipped.some(({ reason }) => reason === "InvalidProfile")) return "a profile matched, but it is not valid"
  const isDangling = skipped.some(({ reason }) => reason === "MissingProfile" || reason === "AmbiguousProfile")
  return isDangling ? "a recommendation matched, but not one profile is meant" : "no profile matches this node"
}

const section = (title: string, whenEmpty: string | undefined, lines: ReadonlyArray<string>): string => {
  if (lines.length === 0) return whenEmpty === undefined ? "" : `${title}: ${whenEmpty}`
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join("\n")
}

const profileLine = ({ config, interfaces, matchedBy, name, priority }: ChosenProfile): string => {
  const nics = interfaces.length === 0 ? "" : `, on ${interfaces.join(", ")}`
  return `${config}/${name}: ${priority === null ? "no priority" : `priority ${priority}`}, by ${matchedBy}${nics}`
}

const skippedLine = ({ config, message, name, reason }: SkippedProfile): string =>
  `${config}/${name}: ${reason}: ${message}`

const processLines = ({ after, argv, files, id }: ProcessSpec): ReadonlyArray<string> => [
  `${id}${after.length === 0 ? "" : `, after ${after.join(", ")}`}`,
  `  ${argv.map(shellWord).join(" ")}`,
  ...Object.entries(files).flatMap(fileLines)
]

const fileLines = ([path, text]: readonly [string, string]): ReadonlyArray<string> => [
  `  ${path}`,
  ...text.trimEnd().split("\n").map((line) => `    | ${line}`.trimEnd())
]

/** A command line that can be pasted into a shell. */
const shellWord = (word: string): string => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

const problemLine = ({ config, message, path, severity }: Problem): string =>
  [severity, config, path, message].filter((part) => part !== "").join(": ")

/** What manifests say must not steer the reader's terminal. */
const printable = (text: string): string =>
  text.replace(
    /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16) ?? ""}}`
  )
