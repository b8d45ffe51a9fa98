/**
 * Edits with which the real ptp4l or phc2sys does not start: they are refused before a clock is stopped, wait, or are
 * rolled back.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, writeFileSync } from "node:fs"
import path from "node:path"
import { createManifests } from "../../src/programs/cli/demo/CreateManifests.ts"
import type { NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import { eventually, harmless, ip, type Lab, labLayer, labMissing, startDaemon } from "./Lab.ts"
import {
  clientProfile,
  conditionOf,
  configOf,
  healthPort,
  isWell,
  makeNodeWith,
  makeWell,
  makeWellNode,
  portOf,
  readiness
} from "./LabNode.ts"

/**
 * What linuxptp refuses the plan refuses before. So these programs are the real ones, but for one value each that they
 * refuse in linuxptp's words, as a release would of which the plan does not know something yet.
 */
const pickyPrograms = (directory: string): string => {
  const place = path.join(directory, "bin")
  mkdirSync(place)
  const write = (program: string, ...refused: ReadonlyArray<readonly [value: string, words: string]>) => {
    const real = `PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v ${program}`
    const cases = refused.map(([value, words]) => `*" ${value} "*) echo "${words}" >&2; exit 255 ;;`)
    const text = `#!/bin/sh
case " $* " in ${cases.join(" ")} esac
exec "$(${real})" "$@"
`
    writeFileSync(path.join(place, program), text, { mode: 0o755 })
  }
  write("ptp4l", ["--userDescription=picky", "BC needs at least two interfaces"])
  write("phc2sys", ["-L 1", "no suitable ports available"], ["-L 2", "-L: 2 is out of range"])
  return place
}

const picky = ({ directory }: Lab) => ({ PATH: `${pickyPrograms(directory)}:${process.env["PATH"] ?? ""}` })
const makePickyNode = makeNodeWith(picky)
const makeWellPickyNode = makeWell(makePickyNode, clientProfile())

/** Passes the lists of options, but ptp4l ends with 255: "BC needs at least two interfaces". */
const withoutSecondPort = "--userDescription picky"
/** Says the same of the profile in a NIC's words: a veth has no clock. */
const withHardwareStamps = { ...clientProfile(), ptp4lOpts: `-2 -s ${harmless}` }
/** Measures and touches no clock; a software-stamping ptp4l beside phc2sys could do nothing else. */
const watcher = { name: "watcher", interface: "nic0", ptp4lOpts: `-S -2 -s --free_running 1 ${harmless}` }
/** phc2sys ends with 255: "no suitable ports available", which the machine decides. */
const withoutClock = { ...watcher, phc2sysOpts: "-s CLOCK_REALTIME -c nic1 -O 0 -L 1" }
/** phc2sys ends with 255: "-L: 2 is out of range". */
const outOfRange = { ...watcher, phc2sysOpts: "-s CLOCK_REALTIME -c nic1 -O 0 -L 2" }

const isRolledBack = (status: NodePTPDevStatus) =>
  conditionOf(status, "Applied").reason === "RolledBack" && status.clock?.state === "LOCKED"

describe.skipIf(labMissing !== undefined)(
  `edits that do not start${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("refuses hardware stamps on a NIC without a clock before anything is stopped (L-30 silent mistakes)", () =>
      Effect.gen(function*() {
        const { childOf, patchSpec, statusWhere } = yield* makeWellNode(clientProfile())
        const pid = childOf("ptp4l", "client")
        yield* patchSpec(configOf("lab", 4, withHardwareStamps))
        const refused = yield* statusWhere("refused", (status) => conditionOf(status, "Applied").status === "False")
        const { message, reason } = conditionOf(refused, "Applied")
        assert.strictEqual(reason, "InvalidConfiguration")
        assert.include(message, "nic0 has no hardware time stamps")
        assert.strictEqual(childOf("ptp4l", "client"), pid)
        assert.strictEqual(refused.processes[0]?.restarts, 0)
        yield* patchSpec(configOf("lab", 4, clientProfile()))
        yield* statusWhere("all is well again", isWell)
        assert.strictEqual(childOf("ptp4l", "client"), pid)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("rolls an edit back when ptp4l does not start with it three times, and applies the next one (L-56 failed apply)", () =>
      Effect.gen(function*() {
        const { childOf, events, patchSpec, statusWhere } = yield* makeWellPickyNode
        yield* patchSpec(configOf("lab", 4, clientProfile(withoutSecondPort)))
        const rolledBack = yield* statusWhere(
          "rolled back, and in SLAVE",
          (status) => isRolledBack(status) && status.processes[0]?.state === "Running"
        )
        assert.deepStrictEqual(conditionOf(rolledBack, "Applied"), {
          status: "False",
          reason: "RolledBack",
          message: "lab: profile \"client\" did not start: exit code 255: BC needs at least two interfaces; " +
            "its last version that worked (generation 1) runs instead"
        })
        assert.strictEqual(conditionOf(rolledBack, "Degraded").status, "False")
        assert.strictEqual(rolledBack.profiles[0]?.generation, 1)
        const pid = childOf("ptp4l", "client")
        yield* eventually(
          "an event",
          Effect.map(
            events,
            (all) =>
              all.find(({ note, reason }) => reason === "ProfileRejected" && note.includes("BC needs at least two"))
          )
        )
        assert.strictEqual(childOf("ptp4l", "client"), pid)

        yield* patchSpec(configOf("lab", 4, clientProfile("--priority2 200")))
        const mended = yield* statusWhere(
          "the next edit",
          (status) => isWell(status) && status.profiles[0]?.generation === 3
        )
        assert.strictEqual(conditionOf(mended, "Applied").reason, "Applied")
        assert.notStrictEqual(childOf("ptp4l", "client"), pid)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("gives way to the profile that ran when a new one of a higher priority does not start", () =>
      Effect.gen(function*() {
        const { lab, statusWhere } = yield* makeWellPickyNode
        yield* createManifests(lab.server, [
          configOf("urgent", 0, { ...clientProfile(withoutSecondPort), name: "new" })
        ])
        const kept = yield* statusWhere(
          "the old one runs",
          (status) => isRolledBack(status) && status.processes[0]?.state === "Running"
        )
        assert.deepStrictEqual(kept.profiles.map(({ config, name, priority }) => ({ config, name, priority })), [
          { config: "lab", name: "client", priority: 4 }
        ])
        assert.include(
          conditionOf(kept, "Applied").message,
          "urgent: profile \"new\" did not start: exit code 255: BC needs at least two interfaces"
        )
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("lets an edit wait for the NIC that it names, without touching what runs", () =>
      Effect.gen(function*() {
        const { childOf, lab, patchSpec, statusWhere } = yield* makeWellNode(clientProfile())
        const pid = childOf("ptp4l", "client")
        yield* patchSpec(configOf("lab", 4, { ...clientProfile(), interface: "nic2" }))
        const waiting = yield* statusWhere(
          "it waits",
          (status) => conditionOf(status, "Applied").reason === "InterfaceMissing"
        )
        assert.include(conditionOf(waiting, "Applied").message, "worker-1 has no interface nic2")
        assert.strictEqual(waiting.clock?.state, "LOCKED")
        assert.strictEqual(childOf("ptp4l", "client"), pid)
        ip("-n", lab.node, "link", "add", "nic2", "up", "type", "veth", "peer", "name", "nic3")
        ip("-n", lab.node, "link", "set", "nic3", "up")
        const applied = yield* statusWhere("applied", (status) => conditionOf(status, "Applied").reason === "Applied")
        assert.strictEqual(applied.profiles[0]?.generation, 2)
        yield* statusWhere("its port listens", (status) => portOf(status, "nic2") === "LISTENING")
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("does not try a rejected edit again when the daemon starts anew", () =>
      Effect.gen(function*() {
        const { daemon, lab, patchSpec, statusWhere } = yield* makeWellPickyNode
        yield* patchSpec(configOf("lab", 4, clientProfile(withoutSecondPort)))
        yield* statusWhere("rolled back, and locked", isRolledBack)
        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
        const next = yield* startDaemon(lab, {
          HEALTH_PORT: healthPort,
          PATH: `${lab.directory}/bin:${process.env["PATH"] ?? ""}`
        })
        yield* eventually("it is ready", Effect.map(readiness, (now) => now?.status === 200 ? now : undefined))
        yield* eventually("ptp4l is locked", Effect.sync(() => /"state":"LOCKED"/.exec(next.output()) ?? undefined))
        yield* statusWhere("still rolled back", isRolledBack)
        assert.strictEqual(next.output().match(/"process started"/g)?.length, 1)
        assert.notInclude(next.output(), "\"process ended\"")
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("keeps a ptp4l running whose new phc2sys finds no clock, and takes that phc2sys back", () =>
      Effect.gen(function*() {
        const { childOf, lab, patchSpec, statusWhere } = yield* makePickyNode
        yield* createManifests(lab.server, [configOf("lab", 4, watcher)])
        yield* statusWhere("applied", (status) => conditionOf(status, "Applied").reason === "Applied")
        const pid = childOf("ptp4l", "watcher")
        assert.isDefined(pid)
        yield* patchSpec(configOf("lab", 4, withoutClock))
        const rolledBack = yield* statusWhere(
          "rolled back",
          (status) => conditionOf(status, "Applied").reason === "StartFailed" && status.processes.length === 1
        )
        assert.include(conditionOf(rolledBack, "Applied").message, "no suitable ports available")
        assert.strictEqual(childOf("ptp4l", "watcher"), pid)
        assert.isUndefined(childOf("phc2sys", "watcher"))
        assert.strictEqual(rolledBack.processes[0]?.restarts, 0)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("tries on what has no version that worked, and says so, without touching its ptp4l", () =>
      Effect.gen(function*() {
        const { childOf, events, lab, patchSpec, statusWhere } = yield* makePickyNode
        yield* createManifests(lab.server, [configOf("lab", 4, outOfRange)])
        const first = yield* statusWhere(
          "ptp4l runs",
          ({ processes }) => processes.some(({ program, state }) => program === "ptp4l" && state === "Running")
        )
        const pid = childOf("ptp4l", "watcher")
        assert.strictEqual(first.processes.length, 2)
        const degraded = yield* statusWhere(
          "four deaths of phc2sys",
          ({ processes }) => processes.some(({ program, restarts }) => program === "phc2sys" && restarts >= 4)
        )
        assert.strictEqual(conditionOf(degraded, "Degraded").reason, "ConfigurationError")
        assert.include(conditionOf(degraded, "Degraded").message, "-L: 2 is out of range")
        assert.strictEqual(conditionOf(degraded, "Applied").status, "False")
        assert.strictEqual(degraded.processes.find(({ program }) => program === "ptp4l")?.restarts, 0)
        assert.strictEqual(childOf("ptp4l", "watcher"), pid)
        yield* eventually(
          "an event",
          Effect.map(
            events,
            (all) =>
              all.find(({ note, reason }) => reason === "ProfileRejected" && note.includes("-L: 2 is out of range"))
          )
        )
        yield* patchSpec(configOf("lab", 4, watcher))
        yield* statusWhere(
          "applied",
          (status) =>
            conditionOf(status, "Applied").reason === "Applied" && conditionOf(status, "Degraded").status === "False"
        )
        assert.strictEqual(childOf("ptp4l", "watcher"), pid)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))
  }
)
