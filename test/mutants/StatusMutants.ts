/** Mistakes in what is published and when, and in what is kept on disk. */
import type { Mutant } from "./Mutant.ts"

const publication = ["services/status/Publication.test.ts", "services/status/PublicationLaws.test.ts"]
const disk = ["layers/state/PowerCut.test.ts", "layers/state/FileLastKnownGood.test.ts"]
const file = "src/services/status/Publication.ts"

export const statusMutants: ReadonlyArray<Mutant> = [
  {
    name: "an answer that the watch has overtaken wins",
    file,
    search: `publication.request === "Overtaken" ? publication : withObject(publication, object, false)`,
    replace: "withObject(publication, object, false)",
    tests: publication
  },
  {
    name: "two writes may be under way",
    file,
    search: `if (publication.request !== "None") return [publication, []]`,
    replace: "",
    tests: publication
  },
  {
    name: "a failed write is tried again at once",
    file,
    search: "notBefore: now.monotonicNanos + delayNanos",
    replace: "notBefore: now.monotonicNanos",
    tests: publication
  },
  {
    name: "a failed write is not tried again",
    file,
    search: ": considered(failed, now)\n}",
    replace: ": [failed, []]\n}",
    tests: publication
  },
  {
    name: "a conflict is answered with the same write",
    file,
    search: `error.reason === "Conflict" && request._tag === "Write"`,
    replace: `error.reason === "Denied" && request._tag === "Write"`,
    tests: publication
  },
  {
    name: "an object that is gone is written to, not made",
    file,
    search:
      `if (error.reason === "NotFound") return considered({ ...withAnswer(publication, Option.none()), ...failedAt }, now)`,
    replace: "",
    tests: publication
  },
  {
    name: "counters are written at once",
    file,
    search: `latest(together, (writtenAt ?? differsSince) + quietPeriodNanos)`,
    replace: "together",
    tests: publication
  },
  {
    name: "the steps of one change are written one by one",
    file,
    search: "const togetherForNanos = 100_000_000n",
    replace: "const togetherForNanos = 0n",
    tests: publication
  },
  {
    name: "writes have no budget",
    file: "src/services/status/WriteBudget.ts",
    search: "budget - (burst - 1n) * refillNanos",
    replace: "0n * (budget - burst * refillNanos)",
    tests: publication
  },
  {
    name: "eleven writes follow at once",
    file: "src/services/status/WriteBudget.ts",
    search: "const burst = 10n",
    replace: "const burst = 11n",
    tests: publication
  },
  {
    name: "a condition's time changes with its message",
    file: "src/services/status/NodeStatus.ts",
    search: "before?.status === condition.status ? before.lastTransitionTime : now",
    replace: "before?.message === condition.message ? before.lastTransitionTime : now",
    tests: ["services/status/NodeStatus.test.ts"]
  },
  {
    name: "a change of the clock's state may wait",
    file: "src/services/status/NodeStatus.ts",
    search: "  clock: clock?.state,\n  processes",
    replace: "  processes",
    tests: ["services/status/NodeStatus.test.ts", ...publication]
  },
  {
    name: "a status is never shortened",
    file: "src/services/status/StatusSize.ts",
    search: "if (sizeOf(shortest) < largestStatus) return shortest",
    replace: "return shortest",
    tests: ["services/status/StatusSize.test.ts"]
  },
  {
    name: "the file is renamed before its text is on the disk",
    file: "src/layers/state/StateFile.ts",
    search: "  yield* opened.sync\n",
    replace: "",
    tests: disk
  },
  {
    name: "the new name is not on the disk",
    file: "src/layers/state/StateFile.ts",
    search: "yield* syncDirectory(directory)\n",
    replace: "",
    tests: disk
  },
  {
    name: "a flipped bit on the disk is believed",
    file: "src/layers/state/KnownGoodText.ts",
    search: `const isWhole = Predicate.hasProperty(file, "crc32") && file.crc32 === checksum(file.knownGood)`,
    replace: `const isWhole = Predicate.hasProperty(file, "crc32")`,
    tests: ["layers/state/UntrustedState.test.ts", ...disk]
  }
]
