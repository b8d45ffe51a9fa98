/** Mistakes in supervision: order, restarts, stops, and what a child leaves behind. */
import type { Mutant } from "./Mutant.ts"

const supervisor = ["layers/processes/FiberProcessSupervisor.test.ts"]
const health = ["layers/processes/ProcessHealth.test.ts", ...supervisor]
const order = ["services/processes/ApplyOrder.test.ts"]
const restarts = ["services/processes/RestartPolicy.test.ts"]
const runner = ["layers/processes/ChildProcessRunner.test.ts"]
const vitality = ["services/processes/Vitality.test.ts"]
const chaos = ["chaos/Seeds.test.ts"]

export const processMutants: ReadonlyArray<Mutant> = [
  {
    name: "a process gives up what another one of this daemon still uses",
    file: "src/layers/processes/DeviceClaims.ts",
    search: "if (own.users > 0) return",
    replace: "",
    tests: ["layers/processes/DeviceClaims.test.ts"]
  },
  {
    name: "a user who is not root keeps a daemon from its NIC",
    file: "src/layers/processes/ExclusiveName.ts",
    search: "export const isTrustedUser = (uid: number): boolean => uid === 0 || uid === process.geteuid?.()",
    replace: "export const isTrustedUser = (uid: number): boolean => uid >= 0",
    tests: ["layers/processes/DeviceClaims.test.ts"]
  },
  {
    name: "a ptp4l that only sleeps is taken for hung",
    file: "src/services/processes/Vitality.ts",
    search: "const silentSince = unansweredSince === undefined ? undefined : later(stillSince, unansweredSince)",
    replace: "const silentSince = later(stillSince, unansweredSince ?? stillSince)",
    tests: vitality
  },
  {
    name: "a daemon that was stopped itself takes the others for hung",
    file: "src/services/processes/Vitality.ts",
    search: "if (!isStill || isLate) {",
    replace: "if (before === undefined || !isStill) {",
    tests: [...vitality, ...chaos]
  },
  {
    name: "a successor starts before its predecessor is reaped",
    file: "src/layers/processes/ProcessSlots.ts",
    search: "Effect.andThen(overOf(stops.get(spec.id)), keepRunning(spec))",
    replace: "keepRunning(spec)",
    tests: chaos
  },
  {
    name: "a dependant is not stopped with what it runs after",
    file: "src/services/processes/ApplyOrder.ts",
    search: "if (spec.after.some((id) => stale.has(id))) stale.add(spec.id)",
    replace: "if (spec.after.every((id) => stale.has(id)) && spec.after.length > 9) stale.add(spec.id)",
    tests: order
  },
  {
    name: "dependants stop last",
    file: "src/services/processes/ApplyOrder.ts",
    search: ".map((level) => level.map(idOf))\n      .toReversed()",
    replace: ".map((level) => level.map(idOf))",
    tests: order
  },
  {
    name: "a process starts before what it runs after",
    file: "src/services/processes/ApplyOrder.ts",
    search: "starts: dependencyLevels(starts).flat()",
    replace: "starts: dependencyLevels(starts).flat().toReversed()",
    tests: order
  },
  {
    name: "an unchanged process is restarted",
    file: "src/services/processes/ApplyOrder.ts",
    search: "!Equal.equals(wanted.get(spec.id), spec)",
    replace: "wanted.get(spec.id) !== spec",
    tests: order
  },
  {
    name: "the first restart waits too",
    file: "src/services/processes/RestartPolicy.ts",
    search: "deaths <= 1\n",
    replace: "deaths <= 0\n",
    tests: restarts
  },
  {
    name: "restarts have no jitter",
    file: "src/services/processes/RestartPolicy.ts",
    search: "Duration.millis(random * Math.min(",
    replace: "Duration.millis(1 * Math.min(",
    tests: restarts
  },
  {
    name: "the longest back-off is a minute",
    file: "src/services/processes/RestartPolicy.ts",
    search: "longestDelayMillis = 30_000",
    replace: "longestDelayMillis = 60_000",
    tests: restarts
  },
  {
    name: "the back-off is never reset",
    file: "src/services/processes/RestartPolicy.ts",
    search: "export const healthyAfter = Duration.seconds(60)",
    replace: "export const healthyAfter = Duration.infinity",
    tests: supervisor
  },
  {
    name: "a process that obeys no SIGTERM is never killed",
    file: "src/layers/processes/StopProcess.ts",
    search: `yield* process.signal("SIGKILL")`,
    replace: `yield* process.signal("SIGTERM")`,
    tests: supervisor
  },
  {
    name: "a child is killed after a second",
    file: "src/layers/processes/StopProcess.ts",
    search: "export const stopGrace = Duration.seconds(5)",
    replace: "export const stopGrace = Duration.seconds(1)",
    tests: supervisor
  },
  {
    name: "a child in D state is given up",
    file: "src/layers/processes/StopProcess.ts",
    search: "  return yield* process.exit\n",
    replace: `  return { signal: "SIGKILL" } as const\n`,
    tests: supervisor
  },
  {
    name: "the death of ptp4l does not touch its phc2sys",
    file: "src/layers/processes/ProcessLife.ts",
    search: "Effect.as(board.awaitLost(spec.after), undefined)",
    replace: "Effect.never",
    tests: supervisor
  },
  {
    name: "a process comes back while its dependants still run",
    file: "src/layers/processes/ProcessLife.ts",
    search: "yield* board.awaitDependantsDown(spec.id).pipe(Effect.timeoutOption(stopPatience))",
    replace: "",
    tests: [...supervisor]
  },
  {
    name: "what waits for a NIC is not woken",
    file: "src/layers/processes/ProcessLife.ts",
    search: "spec.interfaces.some((nic) => interfaces.includes(nic))",
    replace: "spec.interfaces.every((nic) => !interfaces.includes(nic))",
    tests: supervisor
  },
  {
    name: "what is about to be stopped may start",
    file: "src/layers/processes/StatusBoard.ts",
    search: "!board.held.has(id) && allReady(after)(board)",
    replace: "allReady(after)(board)",
    tests: supervisor
  },
  {
    name: "a process starts before what it runs after is ready",
    file: "src/layers/processes/StatusBoard.ts",
    search: "!board.held.has(id) && allReady(after)(board)",
    replace: "!board.held.has(id) && after.length >= 0",
    tests: supervisor
  },
  {
    name: "one lost answer is a complaint",
    file: "src/layers/processes/ProcessHealth.ts",
    search: "silences > 1",
    replace: "silences > 0",
    tests: health
  },
  {
    name: "a process that is late is never told of",
    file: "src/layers/processes/ProcessHealth.ts",
    search: "const readyPatience = Duration.seconds(30)",
    replace: "const readyPatience = Duration.seconds(3_000)",
    tests: health
  },
  {
    name: "the policy of scheduling is not looked at",
    file: "src/layers/processes/ProcessHealth.ts",
    search: `actual.policy === "SCHED_FIFO" && actual.priority === spec.fifoPriority`,
    replace: `actual.priority >= 0`,
    tests: health
  },
  {
    name: "what a dead leader left in its group lives on",
    file: "src/layers/processes/SpawnChild.ts",
    search: `signalGroup(pid, "SIGKILL")`,
    replace: "",
    tests: runner
  },
  {
    name: "children outlive a daemon that was killed",
    file: "src/layers/processes/SpawnChild.ts",
    search: `"--pdeathsig",\n    deathSignal,\n    "--",`,
    replace: `"--",`,
    tests: runner
  },
  {
    name: "a child that is forked while the daemon dies lives on",
    file: "src/layers/processes/SpawnChild.ts",
    search: `[ "$PPID" = "$1" ] && shift`,
    replace: `shift`,
    tests: runner
  },
  {
    name: "files stay behind when a process ends",
    file: "src/layers/processes/ProcessFiles.ts",
    search:
      `export const removeFiles = ({ directory }: ProcessSpec): void => {\n  try {\n    rmSync(directory, { recursive: true, force: true })`,
    replace: `export const removeFiles = ({ directory }: ProcessSpec): void => {\n  try {\n    path.dirname(directory)`,
    tests: runner
  },
  {
    name: "there is no guard",
    file: "src/layers/processes/RunDirectory.ts",
    search: "yield* keepGuard\n",
    replace: "",
    tests: ["layers/processes/DaemonGuard.test.ts", "layers/processes/RunDirectory.test.ts"]
  },
  {
    name: "the guard is not followed by another",
    file: "src/layers/processes/DaemonGuard.ts",
    search: "Effect.repeat(Schedule.fixed(successionInterval)),",
    replace: "",
    tests: ["layers/processes/DaemonGuard.test.ts"]
  },
  {
    name: "left-overs of an earlier daemon are not ended",
    file: "src/layers/processes/RunDirectory.ts",
    search: "yield* sweepAtStart(directory)\n",
    replace: "",
    tests: ["layers/processes/RunDirectory.test.ts", "layers/processes/DaemonGuard.test.ts"]
  },
  {
    name: "a second daemon takes the run directory",
    file: "src/layers/processes/RunDirectoryLock.ts",
    search: "if (isTrusted) return Effect.fail(",
    replace: "if (!isTrusted) return Effect.fail(",
    tests: ["layers/processes/RunDirectory.test.ts"]
  },
  {
    name: "a daemon ends what another one runs on a directory of the same name",
    file: "src/layers/processes/RunDirectoryIdentity.ts",
    search: "place = `${device} ${path.join(root, path.relative(mountPoint, directory))}`",
    replace: "place = directory",
    tests: ["layers/processes/RunDirectoryIdentity.test.ts"]
  },
  {
    name: "a flood of lines is handed on whole",
    file: "src/layers/processes/LineReader.ts",
    search: "let left = linesPerWindow - inWindow",
    replace: "let left = Infinity",
    tests: ["layers/processes/LineReader.test.ts"]
  },
  {
    name: "control characters of a child reach the log",
    file: "src/layers/processes/LineReader.ts",
    search: "escapeControlCharacters(bytes.toString(\"utf8\")",
    replace: "(bytes.toString(\"utf8\")",
    tests: ["layers/processes/LineReader.test.ts"]
  }
]
