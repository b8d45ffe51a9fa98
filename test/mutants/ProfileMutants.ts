/** Mistakes in selection, planning, and in what is remembered of versions. */
import type { Mutant } from "./Mutant.ts"

const selection = ["services/profiles/ProfileSelection.test.ts"]
const plans = ["services/profiles/ProfilePlan.test.ts"]

export const profileMutants: ReadonlyArray<Mutant> = [
  {
    name: "the highest priority number wins",
    file: "src/services/profiles/ProfileSelection.ts",
    search: "running.reduce((best, entry) => Math.min(best, entry.rank), Infinity)",
    replace: "running.reduce((best, entry) => Math.max(best, entry.rank), -Infinity)",
    tests: selection
  },
  {
    name: "an entry without a profile hides the next priority",
    file: "src/services/profiles/ProfileSelection.ts",
    search: "entry.matchedBy !== undefined && entry.target.found)",
    replace: "entry.matchedBy !== undefined)",
    tests: selection
  },
  {
    name: "a missing priority is the highest",
    file: "src/services/profiles/Recommendations.ts",
    search: "rank: recommendation.priority ?? noPriority",
    replace: "rank: recommendation.priority ?? 0",
    tests: selection
  },
  {
    name: "an ambiguous name is guessed",
    file: "src/services/profiles/Recommendations.ts",
    search: "if (others.length > 0) {",
    replace: "if (others.length > 1) {",
    tests: selection
  },
  {
    name: "a nodeName matches by its beginning",
    file: "src/services/profiles/NodeMatch.ts",
    search: "if (name === node.name)",
    replace: "if (name !== undefined && node.name.startsWith(name))",
    tests: selection
  },
  {
    name: "a label with an empty value matches any value",
    file: "src/services/profiles/NodeMatch.ts",
    search: "(value === undefined || node.labels[key] === value)",
    replace: "(value === undefined || value === \"\" || node.labels[key] === value)",
    tests: selection
  },
  {
    name: "a label is split at its last equals sign",
    file: "src/services/profiles/NodeMatch.ts",
    search: `label.indexOf("=")`,
    replace: `label.lastIndexOf("=")`,
    tests: selection
  },
  {
    name: "two profiles may share a NIC",
    file: "src/services/profiles/ProfileConflicts.ts",
    search: "if (owner !== undefined) {",
    replace: "if (owner === loser) {",
    tests: ["services/profiles/ProfileConflicts.test.ts", "services/profiles/Decide.test.ts"]
  },
  {
    name: "two profiles may write the system clock",
    file: "src/services/profiles/ProfileConflicts.ts",
    search: "systemClockWriters.length > 0",
    replace: "systemClockWriters.length > 9",
    tests: ["services/profiles/ProfileConflicts.test.ts", "services/profiles/Decide.test.ts"]
  },
  {
    name: "phc2sys with -a alone writes the system clock",
    file: "src/services/profiles/Phc2sysPlan.ts",
    search: `if (args.some(({ name }) => name === "a")) return args.some(({ name }) => name === "r")`,
    replace: `if (args.some(({ name }) => name === "a")) return true`,
    tests: [...plans, "services/profiles/ProfileConflicts.test.ts", "services/profiles/Decide.test.ts"]
  },
  {
    name: "phc2sys does not wait for its ptp4l",
    file: "src/services/profiles/Phc2sysPlan.ts",
    search: "after: sorted.map(({ id }) => id)",
    replace: "after: []",
    tests: plans
  },
  {
    name: "phc2sys may follow several ptp4l before linuxptp 4.1",
    file: "src/services/profiles/Phc2sysPlan.ts",
    search: "!isAtLeast(draft.context.version, 4, 1)",
    replace: "!isAtLeast(draft.context.version, 4, 0)",
    tests: [...plans, "services/profiles/Decide.test.ts"]
  },
  {
    name: "ptp4l's socket is the one of the distribution",
    file: "src/services/profiles/Ptp4lPlan.ts",
    search: "const owned = setOption(file, \"global\", \"uds_address\", socket)",
    replace: "const owned = file",
    tests: plans
  },
  {
    name: "software time stamps do not write the system clock",
    file: "src/services/profiles/Ptp4lPlan.ts",
    search: `optionValue(options, "time_stamping") === "software" &&`,
    replace: `optionValue(options, "time_stamping") === "hardware" &&`,
    tests: [...plans, "services/profiles/Decide.test.ts"]
  }
]
