/** Mistakes in selection, planning, and in what is remembered of versions. */
import type { Mutant } from "./Mutant.ts"

const selection = ["services/profiles/ProfileSelection.test.ts"]
const plans = ["services/profiles/ProfilePlan.test.ts"]
const rollback = "src/services/profiles/Rollback.ts"
const trials = ["services/profiles/Rollback.test.ts"]
const tried = ["services/profiles/Trials.test.ts"]
const memory = "src/services/profiles/NodeMemory.ts"
const nodeMemory = ["services/profiles/NodeMemory.test.ts"]

export const profileMutants: ReadonlyArray<Mutant> = [
  {
    name: "phc2sys -s needs no offset",
    file: "src/services/profiles/Phc2sysPlan.ts",
    search: `isLater || typed.has("w") || typed.has("O")`,
    replace: "true",
    tests: ["services/profiles/StartFaults.test.ts"]
  },
  {
    name: "a unicast table may be missing",
    file: "src/services/linuxptp/Ptp4lStart.ts",
    search: "if (!tables.has(table)) return",
    replace: `if (table === "") return`,
    tests: ["services/profiles/StartFaults.test.ts"]
  },
  {
    name: "a clock that a pulse steers is nobody's port",
    file: "src/services/profiles/ProfileConflicts.ts",
    search: "running.find(({ ports }) => ports.includes(nic))",
    replace: "running.find(({ ports, steeredNics }) => [...ports, ...steeredNics].includes(nic))",
    tests: ["services/profiles/ProfileConflicts.test.ts"]
  },
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
    search: "if (others.length === 0) return undefined",
    replace: "if (others.length <= 1) return undefined",
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
    name: "a rule with == is not called dead",
    file: "src/services/profiles/NodeMatch.ts",
    search: "if (isKey && (value === undefined || value === \"\" || labelWord.test(value))) return undefined",
    replace: "if (isKey) return undefined",
    tests: ["services/profiles/NodeMatch.test.ts"]
  },
  {
    name: "unknown fields are looked for in the spec only",
    file: "src/services/kubernetes/UnknownFields.ts",
    search: "unknownBelow(one, item, [...path, index])",
    replace: "[]",
    tests: ["services/kubernetes/NodePTPCfgManifest.test.ts"]
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
  },
  {
    name: "a version is rejected after two failures",
    file: rollback,
    search: "export const enoughFailures = 3",
    replace: "export const enoughFailures = 2",
    tests: trials
  },
  {
    name: "a version that worked is rejected",
    file: rollback,
    search: "memory.worked.some(isSameVersion(version)) || memory.rejected.some",
    replace: "memory.rejected.some",
    tests: trials
  },
  {
    name: "a version works when one of its processes is ready",
    file: rollback,
    search: `if (isComplete && own.every(({ state }) => state === "Running"))`,
    replace: `if (isComplete && own.some(({ state }) => state === "Running"))`,
    tests: trials
  },
  {
    name: "a rejection is never forgiven",
    file: rollback,
    search: "if (isOtherProgram || hasNewNic) return []",
    replace: "if (isOtherProgram) return []",
    tests: trials
  },
  {
    name: "what a version inherited speaks against it",
    file: rollback,
    search: "deaths >= needed && !inherited.has(id)",
    replace: "deaths >= needed",
    tests: trials
  },
  {
    name: "a failure of the environment is final",
    file: "src/services/profiles/Trials.ts",
    search: `by === "FailedToStart" && isFinal !== true`,
    replace: `by === "FailedToStart" && isFinal === true`,
    tests: tried
  },
  {
    name: "a version that is tried again has three starts",
    file: "src/services/profiles/Trials.ts",
    search: "isSameVersion(version)(trial.version)) ? 1 : enoughFailures",
    replace: "isSameVersion(version)(trial.version)) ? enoughFailures : enoughFailures",
    tests: tried
  },
  {
    name: "a version without its interface stops what works",
    file: "src/services/profiles/ProfileVersions.ts",
    search: "isDoubtful: isRejected || missing.length > 0",
    replace: "isDoubtful: isRejected",
    tests: ["services/profiles/MissingInterface.test.ts"]
  },
  {
    name: "a doubtful profile takes the clock from another one",
    file: "src/services/profiles/ProfileConflicts.ts",
    search: "Number(a.isDoubtful === true) - Number(b.isDoubtful === true) || ",
    replace: "",
    tests: ["services/profiles/MissingInterface.test.ts"]
  },
  {
    name: "a reference outlives its recommendation",
    file: "src/services/profiles/ProfileSelection.ts",
    search: "references: running.flatMap(",
    replace: "references: entries.flatMap(",
    tests: ["services/profiles/DanglingReference.test.ts"]
  },
  {
    name: "the answer to a question of before is taken for this one's",
    file: memory,
    search: "if (pending === undefined || !Equal.equals(pending.asked, asked)) return [memory, []]",
    replace: "if (pending === undefined) return [memory, []]",
    tests: nodeMemory
  },
  {
    name: "what was learned while a program was asked does not count",
    file: memory,
    search: ": yield* decideAnew(kept, kept.pending)",
    replace: `: [kept, [{ _tag: "DecideAgain" }]]`,
    tests: nodeMemory
  },
  {
    name: "a rejection asks for no other decision",
    file: memory,
    search: `isRejection ? [{ _tag: "DecideAgain" }] : []`,
    replace: "[]",
    tests: nodeMemory
  },
  {
    name: "what came from the disk is kept on it",
    file: memory,
    search: "if (isFromDisk || node === undefined || ",
    replace: "if (node === undefined || ",
    tests: nodeMemory
  },
  {
    name: "what does not work is kept on the disk",
    file: memory,
    search: " || !allWorked(versions, running)) return [memory, []]",
    replace: ") return [memory, []]",
    tests: nodeMemory
  },
  {
    name: "a refused question stays open",
    file: memory,
    search: "pending: { ...pending, asked: [] } }, pending)",
    replace: "pending }, pending)",
    tests: nodeMemory
  },
  {
    name: "a program is never asked about a configuration",
    file: memory,
    search: "if (asked.length === 0) return enforce(waiting, next)",
    replace: "if (asked.length >= 0) return enforce(waiting, next)",
    tests: nodeMemory
  }
]
