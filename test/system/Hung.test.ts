/**
 * Programs that hang on a real node: they are found, replaced, and told. Programs that only sleep are left alone, and a
 * daemon that was stopped itself judges nobody by that time. phc2sys is a stand-in that steers nothing.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import { createManifests } from "../../src/programs/cli/demo/CreateManifests.ts"
import type { NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import { killOwn } from "../KillOwn.ts"
import { labLayer, labMissing } from "./Lab.ts"
import { clientProfile, conditionOf, configOf, makeNodeWith, portOf } from "./LabNode.ts"

const live = Effect.provide(labLayer)

/** As the real one, it wakes up once a second whatever happens. */
const phc2sys = `#!/bin/sh
[ "$1" = -v ] && exec /usr/sbin/phc2sys -v
while sleep 1; do echo "phc2sys[1.000]: CLOCK_REALTIME phc offset 1 s2 freq +0 delay 1"; done
`

/** Its master is silent, and its announce time-out is more than an hour: it sleeps. */
const listener = {
  name: "listener",
  interface: "nic1",
  ptp4lOpts: "-S -2 -s --free_running 1 --domainNumber 77 --logAnnounceInterval 4 --announceReceiptTimeout 255"
}

/** The listener keeps the node's clock from being locked. */
const allRun = (status: NodePTPDevStatus) =>
  status.processes.length === 3 && status.processes.every(({ state }) => state === "Running") &&
  portOf(status, "nic0") === "SLAVE" && portOf(status, "nic1") === "LISTENING"

const makeHangingNode = Effect.gen(function*() {
  const node = yield* makeNodeWith(({ directory }) => {
    mkdirSync(`${directory}/bin`)
    writeFileSync(`${directory}/bin/phc2sys`, phc2sys, { mode: 0o755 })
    return { PATH: `${directory}/bin:${process.env["PATH"] ?? ""}` }
  })
  yield* createManifests(node.lab.server, [
    configOf("lab", 4, clientProfile(), listener, {
      name: "sync",
      phc2sysOpts: "-s CLOCK_REALTIME -c nic1 -O 0"
    })
  ])
  yield* node.statusWhere("all run", allRun)
  const pids = () =>
    ([["ptp4l", "client"], ["ptp4l", "listener"], ["phc2sys", "sync"]] as const).map(([program, profile]) =>
      node.childOf(program, profile)
    )
  return { ...node, pids }
})

describe.skipIf(labMissing !== undefined)(
  `programs that hang${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live(
      "are told within seconds and replaced after 30 s, and one that only sleeps is not",
      () =>
        Effect.gen(function*() {
          const { pids, statusWhere } = yield* makeHangingNode
          const [ptp4l, sleeper, sync] = pids()
          killOwn(ptp4l, "SIGSTOP")
          killOwn(sync, "SIGSTOP")
          const stalled = yield* statusWhere(
            "both are stalled",
            (status) => conditionOf(status, "Degraded").message.split("shows no sign of life: stopped").length === 3
          )
          assert.strictEqual(conditionOf(stalled, "Degraded").reason, "ProcessStalled")
          const [took, replaced] = yield* Effect.timed(statusWhere(
            "both are replaced",
            ({ processes }) => processes.filter(({ restarts }) => restarts === 1).length === 2,
            "40 seconds"
          ))
          assert.isAbove(Duration.toSeconds(took), 20)
          assert.deepStrictEqual(
            replaced.processes.map((
              { lastExit, profile, restarts }
            ) => [profile, restarts, lastExit?.replace(/\d+/, "N")]),
            [
              ["sync", 1, "SIGKILL: hung for N s: stopped"],
              ["client", 1, "SIGKILL: hung for N s: stopped"],
              ["listener", 0, undefined]
            ]
          )
          yield* statusWhere("all run again", allRun)
          assert.strictEqual(pids()[1], sleeper)
          assert.notStrictEqual(pids()[0], ptp4l)
          assert.notStrictEqual(pids()[2], sync)
        }).pipe(Effect.scoped, live),
      120_000
    )

    it.live("are not judged by the time in which the daemon was stopped itself", () =>
      Effect.gen(function*() {
        const { daemon, pids, status } = yield* makeHangingNode
        const before = pids()
        killOwn(before[0], "SIGSTOP")
        killOwn(before[2], "SIGSTOP")
        yield* daemon.kill("SIGSTOP")
        yield* Effect.sleep("60 seconds")
        yield* daemon.kill("SIGCONT")
        killOwn(before[0], "SIGCONT")
        killOwn(before[2], "SIGCONT")
        yield* Effect.sleep("8 seconds")
        assert.deepStrictEqual(pids(), before)
        assert.deepStrictEqual((yield* status)?.processes.map(({ restarts }) => restarts), [0, 0, 0])
      }).pipe(Effect.scoped, live), 120_000)
  }
)
