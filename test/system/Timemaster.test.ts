/** The real timemaster with the whole daemon: the clock of its children, their deaths and its own, and the end. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { createManifests, type Manifest } from "../../src/programs/cli/demo/CreateManifests.ts"
import { childrenOf, eventually, filesLeft, labLayer, labMissing } from "./Lab.ts"
import { kill, makeNode, portOf } from "./LabNode.ts"

const missing = labMissing ??
  ["timemaster", "chronyd"].filter((program) => spawnSync(program, ["-v"]).error !== undefined)
    .map((program) => `needs the program ${program}`)[0]

/** linuxptp below 4.0 speaks to chronyd through shared memory, which is the machine's: no segment that others use. */
const segment = 77

/** chronyd with `-x` does not touch the clock, and ptp4l only tells it what it measures. */
const config: Manifest = {
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "lab", namespace: "ptp" },
  spec: {
    profile: [{
      name: "tm",
      timemasterConf: [
        "[ptp_domain 0]",
        "interfaces nic0",
        "ntp_poll 0",
        ...["network_transport L2", "logAnnounceInterval -2", "announceReceiptTimeout 2", "logSyncInterval -3"].map(
          (option) => `ptp4l_option ${option}`
        ),
        "[timemaster]",
        `first_shm_segment ${segment}`,
        "[chronyd]",
        "options -x"
      ].join("\n"),
      ptpClockThreshold: { maxOffsetThreshold: 1_000_000, minOffsetThreshold: -1_000_000 }
    }],
    recommend: [{ profile: "tm", priority: 4, match: [{ nodeName: "worker-1" }] }]
  }
}

/** A node whose timemaster has locked. */
const lockedNode = Effect.gen(function*() {
  yield* Effect.addFinalizer(() =>
    // linuxptp ntpshm.c and chrony refclock_shm.c: "NTP0" and the segment's number. Both leave it behind.
    Effect.sync(() => spawnSync("ipcrm", ["-M", `0x${(0x4e54_5030 + segment).toString(16)}`]))
  )
  const node = yield* makeNode
  const childOf = (program: string) =>
    childrenOf(node.runDirectory).find(({ command }) => /^(?:\S*\/)?(\S+)/.exec(command)?.[1] === program)?.pid
  const trio = () => ({ timemaster: childOf("timemaster"), chronyd: childOf("chronyd"), ptp4l: childOf("ptp4l") })
  const locked = (restarts: number) =>
    node.statusWhere(
      `locked after ${restarts} restarts`,
      ({ clock, conditions, processes }) =>
        conditions[0]?.status === "True" && clock?.state === "LOCKED" &&
        processes[0]?.restarts === restarts && processes[0].state === "Running"
    )
  yield* createManifests(node.lab.server, [config])
  const status = yield* locked(0)
  return { ...node, childOf, trio, locked, status }
})

const isAlive = (pid: number | undefined, runDirectory: string) =>
  childrenOf(runDirectory).some((child) => child.pid === pid)

/** What a timemaster that has just been started has in its directory; the numbers differ between versions. */
const ordinaryFiles =
  /^(?:chrony(?:\.conf|\.SOCK\d+|\/chronyd\.(?:pid|sock))?|ptp4l(?:ro)?\.\d+\.(?:conf|socket)|timemaster\.conf)$/

const unixSockets = () => readFileSync("/proc/net/unix", "utf8")

describe.skipIf(missing !== undefined)(
  `real timemaster${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    it.live("shows its children's clock, survives the death of each, and leaves nothing", () =>
      Effect.gen(function*() {
        const { daemon, locked, runDirectory, status, statusWhere, trio } = yield* lockedNode
        // A ptp4l that only feeds chronyd stays so: its servo never settles.
        assert.strictEqual(portOf(status, "nic0"), "UNCALIBRATED")
        assert.isDefined(status.clock?.grandmaster)
        assert.deepStrictEqual(status.processes.map(({ program }) => program), ["timemaster"])
        const first = trio()

        kill(first.ptp4l)
        const healed = yield* eventually(
          "another ptp4l",
          Effect.sync(() => trio().ptp4l !== undefined && trio().ptp4l !== first.ptp4l ? trio() : undefined)
        )
        assert.deepStrictEqual({ ...healed, ptp4l: first.ptp4l }, first)
        yield* statusWhere("port of the other ptp4l", (now) => portOf(now, "nic0") === "UNCALIBRATED")
        assert.strictEqual((yield* locked(0)).processes[0]?.lastExit, undefined)

        kill(first.chronyd)
        const again = yield* locked(1)
        assert.match(again.processes[0]?.lastExit ?? "", /^exit code 1/)
        const second = trio()
        for (const pid of [first.timemaster, first.chronyd, healed.ptp4l]) assert.isFalse(isAlive(pid, runDirectory))

        kill(second.timemaster)
        const third = yield* eventually(
          "another timemaster",
          Effect.sync(() => trio().timemaster === second.timemaster ? undefined : trio().timemaster)
        )
        assert.isFalse(isAlive(second.chronyd, runDirectory))
        assert.isFalse(isAlive(second.ptp4l, runDirectory))
        yield* locked(2)
        assert.strictEqual(trio().timemaster, third)
        const directory = readdirSync(runDirectory).find((name) => name.startsWith("timemaster-")) ?? ""
        const files = readdirSync(`${runDirectory}/${directory}`, { recursive: true }).map(String)
        assert.deepStrictEqual(files.filter((name) => !ordinaryFiles.test(name)), [])
        assert.strictEqual(files.filter((name) => /^ptp4l\.\d+\.conf$/.test(name)).length, 1)

        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
        assert.deepStrictEqual(childrenOf(runDirectory), [])
        assert.deepStrictEqual(filesLeft(runDirectory), [])
        assert.notInclude(unixSockets(), runDirectory)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("goes with its children when the daemon is killed", () =>
      Effect.gen(function*() {
        const { daemon, runDirectory } = yield* lockedNode
        assert.strictEqual(childrenOf(runDirectory).length, 3)
        yield* daemon.kill("SIGKILL")
        yield* eventually(
          "no child survives",
          Effect.sync(() => childrenOf(runDirectory).length === 0 ? true : undefined),
          "2 seconds"
        )
      }).pipe(Effect.scoped, Effect.provide(labLayer)))
  }
)
