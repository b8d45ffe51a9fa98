/** Faults on a real node from which ptp4l recovers by itself or by a restart, and what is published meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import path from "node:path"
import * as ManagementSocketClient from "../../src/layers/linuxptp/ManagementSocketClient.ts"
import * as Libc from "../../src/layers/native/Libc.ts"
import { createManifests } from "../../src/programs/cli/demo/CreateManifests.ts"
import { ManagementClient } from "../../src/services/linuxptp/ManagementClient.ts"
import { killOwn } from "../KillOwn.ts"
import { eventually, ip, labLayer, labMissing, plugCable, startGrandmaster } from "./Lab.ts"
import { clientProfile, conditionOf, configOf, isWell, makeNodeWith, makeWellNode, portOf } from "./LabNode.ts"

const live = Effect.provide(Layer.provideMerge(ManagementSocketClient.layer, Layer.merge(labLayer, Libc.layer)))

/** A directory of PATH with a ptp4l that is the real one without the capability to adjust a clock. */
const withoutSysTime = (directory: string): string => {
  const place = path.join(directory, "bin")
  const real = "PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v ptp4l"
  mkdirSync(place)
  writeFileSync(
    path.join(place, "ptp4l"),
    `#!/bin/sh\nexec setpriv --bounding-set -sys_time --inh-caps -sys_time "$(${real})" "$@"\n`,
    { mode: 0o755 }
  )
  return place
}

describe.skipIf(labMissing !== undefined)(
  `faults${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("tells of a NIC that is gone, and lets ptp4l recover by itself when it is back (L-25 FAULTY but LOCKED)", () =>
      Effect.gen(function*() {
        const { childOf, lab, statusWhere } = yield* makeWellNode(clientProfile())
        const pid = childOf("ptp4l", "client")
        assert.isDefined(pid)
        ip("-n", lab.node, "link", "del", "nic0")
        yield* statusWhere(
          "faulty and not locked",
          (status) =>
            portOf(status, "nic0") === "FAULTY" && status.clock?.state !== "LOCKED" &&
            conditionOf(status, "Degraded").reason === "InterfaceMissing"
        )
        assert.strictEqual(childOf("ptp4l", "client"), pid)
        plugCable(lab, 0)
        // At the latest 16 s later, fault_reset_interval, ptp4l looks at a faulty port again.
        const healed = yield* statusWhere("all is well again", isWell, "40 seconds")
        assert.strictEqual(childOf("ptp4l", "client"), pid)
        assert.deepStrictEqual(healed.processes.map(({ lastExit, restarts }) => ({ lastExit, restarts })), [
          { lastExit: undefined, restarts: 0 }
        ])
      }).pipe(Effect.scoped, live))

    it.live("is not LOCKED while ptp4l may not adjust its clock, however near it is, and tells what is missing", () =>
      Effect.gen(function*() {
        const { lab, status, statusWhere } = yield* makeNodeWith(({ directory }) => ({
          PATH: `${withoutSysTime(directory)}:${process.env["PATH"] ?? ""}`
        }))
        yield* createManifests(lab.server, [configOf("lab", 4, clientProfile())])
        const degraded = yield* statusWhere(
          "degraded",
          (now) => conditionOf(now, "Degraded").reason === "LinuxptpFault"
        )
        assert.match(conditionOf(degraded, "Degraded").message, /Operation not permitted": .* CAP_SYS_TIME is missing/)
        const refused = yield* statusWhere(
          "not steered",
          (now) => conditionOf(now, "Synchronized").reason === "NotSteered"
        )
        assert.strictEqual(refused.clock?.state, "FREERUN")
        yield* Effect.sleep("10 seconds")
        assert.deepStrictEqual((yield* status)?.conditions, refused.conditions)
      }).pipe(Effect.scoped, live))

    it.live("goes on trying a profile that worked when ptp4l dies while its NIC is gone", () =>
      Effect.gen(function*() {
        const { childOf, lab, statusWhere } = yield* makeWellNode(clientProfile())
        ip("-n", lab.node, "link", "del", "nic0")
        killOwn(childOf("ptp4l", "client"), "SIGKILL")
        const missed = yield* statusWhere(
          "it does not start",
          (status) => {
            const { message, reason } = conditionOf(status, "Degraded")
            return reason === "InterfaceMissing" && message.includes("No such device")
          }
        )
        assert.strictEqual(conditionOf(missed, "Applied").reason, "ProcessesNotReady")
        plugCable(lab, 0)
        // Its back-off is up to 30 s.
        const healed = yield* statusWhere("locked again", ({ clock }) => clock?.state === "LOCKED", "60 seconds")
        assert.strictEqual(healed.profiles[0]?.generation, 1)
        yield* statusWhere("applied", (status) => conditionOf(status, "Applied").status === "True")
      }).pipe(Effect.scoped, live))

    it.live("holds over and runs free without a grandmaster, and locks again, without a restart", () =>
      Effect.gen(function*() {
        const { childOf, events, grandmaster, lab, statusWhere } = yield* makeWellNode(clientProfile())
        const pid = childOf("ptp4l", "client")
        yield* grandmaster.kill("SIGKILL")
        yield* statusWhere("in holdover", ({ clock }) => clock?.state === "HOLDOVER")
        // holdOverTimeout, 5 s.
        yield* statusWhere("free running", ({ clock }) => clock?.state === "FREERUN")
        yield* startGrandmaster(lab)
        const healed = yield* statusWhere("all is well again", isWell)
        assert.strictEqual(childOf("ptp4l", "client"), pid)
        assert.strictEqual(healed.processes[0]?.restarts, 0)
        yield* eventually(
          "events of the clock",
          Effect.map(events, (all) => {
            const told = new Set(all.map(({ reason }) => reason))
            return told.has("ClockLost") && told.has("ClockLocked") ? true : undefined
          })
        )
      }).pipe(Effect.scoped, live))

    it.live("brings ptp4l back after any signal, and its socket answers again (L-01 never restarted, L-02 two copies)", () =>
      Effect.gen(function*() {
        const { childOf, daemon, runDirectory, statusWhere } = yield* makeWellNode(clientProfile())
        const { ask } = yield* ManagementClient
        const ends = [["SIGKILL", "SIGKILL"], ["SIGTERM", "exit code 0"], ["SIGHUP", "SIGHUP"], [
          "SIGSEGV",
          "SIGSEGV"
        ]] as const
        for (const [index, [sent, told]] of ends.entries()) {
          const pid = childOf("ptp4l", "client")
          killOwn(pid, sent)
          const { processes } = yield* statusWhere(
            `in SLAVE after ${sent}`,
            (status) => status.processes[0]?.restarts === index + 1 && portOf(status, "nic0") === "SLAVE"
          )
          assert.strictEqual(processes.length, 1)
          assert.isTrue(processes[0]?.lastExit?.startsWith(told), `${sent}: ${processes[0]?.lastExit}`)
          assert.notStrictEqual(childOf("ptp4l", "client"), pid)
          const socket = { path: `${runDirectory}/${processes[0]?.id}/ptp4l`, domainNumber: 0, transportSpecific: 0 }
          const answer = yield* eventually("an answer", Effect.map(ask(socket), Option.getOrUndefined))
          assert.deepStrictEqual(answer.ports.map(({ number }) => number), [1])
        }
        assert.notMatch(daemon.output(), /bind failed|unexpected socket error/)
        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
      }).pipe(Effect.scoped, live))
  }
)
