/**
 * A ptp4l whose socket somebody has taken: it keeps the time but cannot be asked. The daemon reports that and does not
 * restart it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { existsSync, rmSync } from "node:fs"
import * as ManagementSocketClient from "../../src/layers/linuxptp/ManagementSocketClient.ts"
import * as Libc from "../../src/layers/native/Libc.ts"
import type { NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import { ManagementClient } from "../../src/services/linuxptp/ManagementClient.ts"
import { eventually, labLayer, labMissing, startPtp4l } from "./Lab.ts"
import { clientProfile, conditionOf, isWell, kill, makeWellNode, portOf } from "./LabNode.ts"

const live = Effect.provide(Layer.provideMerge(ManagementSocketClient.layer, Layer.merge(labLayer, Libc.layer)))

const isSocketDead = (status: NodePTPDevStatus) => conditionOf(status, "Degraded").reason === "ManagementSocketDead"

const makeServingNode = Effect.gen(function*() {
  const node = yield* makeWellNode(clientProfile())
  const id = (yield* node.status)?.processes[0]?.id ?? ""
  const { ask } = yield* ManagementClient
  const socket = { path: `${node.runDirectory}/${id}/ptp4l`, domainNumber: 0, transportSpecific: 0 }
  yield* eventually("it answers", Effect.map(ask(socket), Option.getOrUndefined))
  /** It is told within a bound, and nothing else is said or done. */
  const staysUntouched = Effect.fnUntraced(function*(pid: number | undefined) {
    const [took, status] = yield* Effect.timed(node.statusWhere("the socket is dead", isSocketDead))
    assert.isBelow(Duration.toSeconds(took), 15)
    const { message, status: degraded } = conditionOf(status, "Degraded")
    assert.strictEqual(degraded, "True")
    assert.include(message, socket.path)
    assert.strictEqual(conditionOf(status, "Applied").status, "True")
    assert.strictEqual(portOf(status, "nic0"), "SLAVE")
    assert.strictEqual(status.clock?.state, "LOCKED")
    assert.deepStrictEqual(status.processes.map(({ restarts, state }) => ({ restarts, state })), [
      { restarts: 0, state: "Running" }
    ])
    assert.strictEqual(node.childOf("ptp4l", "client"), pid)
  })
  /** After its death it has a directory and a socket again. */
  const recovers = Effect.fnUntraced(function*(pid: number | undefined) {
    kill(pid)
    const status = yield* node.statusWhere(
      "all is well again",
      (now) => now.processes[0]?.restarts === 1 && isWell(now)
    )
    assert.include(status.processes[0]?.lastExit, "SIGKILL")
    const answer = yield* eventually("it answers again", Effect.map(ask(socket), Option.getOrUndefined))
    assert.deepStrictEqual(answer.ports.map(({ number }) => number), [1])
  })
  return { ...node, id, socket, staysUntouched, recovers }
})

describe.skipIf(labMissing !== undefined)(
  `a lost management socket${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("is told when the directory is removed, until the next start makes it anew (L-11 left-overs)", () =>
      Effect.gen(function*() {
        const { childOf, daemon, id, recovers, runDirectory, staysUntouched } = yield* makeServingNode
        const pid = childOf("ptp4l", "client")
        rmSync(`${runDirectory}/${id}`, { recursive: true })
        yield* staysUntouched(pid)
        yield* recovers(pid)
        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
        assert.isFalse(existsSync(`${runDirectory}/${id}`))
      }).pipe(Effect.scoped, live))

    it.live("is told when another ptp4l steals it, also when that one has ended and taken the file along", () =>
      Effect.gen(function*() {
        const { childOf, id, lab, recovers, socket, staysUntouched, statusWhere } = yield* makeServingNode
        const pid = childOf("ptp4l", "client")
        const thief = yield* startPtp4l(lab, lab.node, `run/${id}/ptp4l`, "-i nic1")
        yield* staysUntouched(pid)
        yield* thief.kill("SIGTERM")
        yield* thief.exit
        assert.isFalse(existsSync(socket.path))
        yield* statusWhere("the socket is still dead", isSocketDead)
        assert.strictEqual(childOf("ptp4l", "client"), pid)
        yield* recovers(pid)
      }).pipe(Effect.scoped, live))
  }
)
