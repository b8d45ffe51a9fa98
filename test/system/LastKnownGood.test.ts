/** A node that starts while its API server cannot be reached runs from its own disk what worked last. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { existsSync, readFileSync, truncateSync } from "node:fs"
import { childrenOf, eventually, filesLeft, labLayer, labMissing, startDaemon } from "./Lab.ts"
import {
  clientProfile,
  collection,
  conditionOf,
  configOf,
  healthPort,
  isWell,
  makeWellNode,
  readiness
} from "./LabNode.ts"

/** The daemon's back-off towards an API server that is gone is up to 30 s. */
const longest = "40 seconds"
const [summary0, summary1] = ["--summary_interval 0", "--summary_interval 1"]

/** A node on which all was well with every version in turn, and whose daemon has ended. */
const makeEndedNode = Effect.fnUntraced(function*(...versions: ReadonlyArray<string>) {
  const node = yield* makeWellNode(clientProfile(summary0))
  const stateFile = `${node.lab.directory}/state/last-known-good.json`
  const keeps = (text: string) =>
    eventually(
      `${text} on disk`,
      Effect.sync(() => existsSync(stateFile) && readFileSync(stateFile, "utf8").includes(text) ? true : undefined)
    )
  yield* keeps(summary0)
  for (const version of versions) {
    yield* node.patchSpec(configOf("lab", 4, clientProfile(version)))
    yield* keeps(version)
  }
  yield* node.daemon.kill("SIGTERM")
  assert.strictEqual(yield* node.daemon.exit, 0)
  assert.deepStrictEqual(childrenOf(node.runDirectory), [])
  const readinessIs = (status: number) =>
    eventually(`readyz ${status}`, Effect.map(readiness, (now) => now?.status === status ? now : undefined), longest)
  /** Starts the daemon again, without an API server. */
  const start = Effect.andThen(node.lab.apiServer.stop, startDaemon(node.lab, { HEALTH_PORT: healthPort }))
  const ptp4l = () => childrenOf(node.runDirectory).find(({ command }) => command.includes("/ptp4l-client-"))
  return { ...node, stateFile, start, ptp4l, readinessIs }
})

const locked = /"state":"LOCKED"/

describe.skipIf(labMissing !== undefined)(
  `the last configuration that worked${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("locks without an API server, and goes on untouched when that answers (L-55 NTP must be right first)", () =>
      Effect.gen(function*() {
        const { lab, patchSpec, ptp4l, readinessIs, runDirectory, start, statusWhere } = yield* makeEndedNode()
        const daemon = yield* start
        const running = yield* eventually("ptp4l runs", Effect.sync(ptp4l))
        yield* eventually("locked", Effect.sync(() => locked.exec(daemon.output()) ?? undefined))
        assert.include(daemon.output(), "running the last configuration that worked until the API server answers")
        assert.include((yield* readinessIs(503)).text, "what worked last runs")

        yield* lab.apiServer.start
        yield* readinessIs(200)
        yield* statusWhere("all is well", isWell)
        assert.strictEqual(ptp4l()?.pid, running.pid)
        // It hears of changes again.
        yield* patchSpec(configOf("lab", 4, clientProfile(summary1)))
        yield* statusWhere("the next version", (status) => status.profiles[0]?.generation === 2 && isWell(status))
        assert.include(ptp4l()?.command, "--summary_interval=1")
        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
        assert.deepStrictEqual(filesLeft(runDirectory), [])
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("ends what the API server does not have any more, as soon as that answers", () =>
      Effect.gen(function*() {
        const { lab, ptp4l, readinessIs, start, statusWhere } = yield* makeEndedNode()
        yield* HttpClient.del(`${lab.server}${collection}/nodeptpcfgs/lab`)
        yield* start
        yield* eventually("ptp4l runs", Effect.sync(ptp4l))
        yield* lab.apiServer.start
        yield* readinessIs(200)
        yield* statusWhere("nothing runs", (status) => conditionOf(status, "Applied").reason === "NoProfile")
        yield* eventually("ptp4l is gone", Effect.sync(() => ptp4l() === undefined ? true : undefined))
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("runs the version before when the last one was cut off, and the last one again with the API server", () =>
      Effect.gen(function*() {
        const { lab, ptp4l, start, stateFile, statusWhere } = yield* makeEndedNode(summary1)
        truncateSync(stateFile, 100)
        const daemon = yield* start
        const running = yield* eventually("ptp4l runs", Effect.sync(ptp4l))
        assert.include(running.command, "--summary_interval=0")
        const told = `"message":"cannot read the last configuration that worked","detail":"it is not JSON"`
        assert.include(daemon.output(), told)
        yield* lab.apiServer.start
        yield* eventually(
          "the last version runs",
          Effect.sync(() => ptp4l()?.command.includes("--summary_interval=1") === true ? true : undefined),
          longest
        )
        yield* statusWhere("all is well", (status) => isWell(status) && status.profiles[0]?.generation === 2)
      }).pipe(Effect.scoped, Effect.provide(labLayer)))

    it.live("waits for the API server when nothing on its disk can be read", () =>
      Effect.gen(function*() {
        const { lab, ptp4l, readinessIs, start, stateFile, statusWhere } = yield* makeEndedNode(summary1)
        for (const file of [stateFile, `${stateFile}.previous`]) truncateSync(file, 0)
        const daemon = yield* start
        assert.include((yield* readinessIs(503)).text, "the configuration has not been read yet")
        yield* eventually(
          "a word on each file",
          Effect.sync(() => daemon.output().match(/cannot read the last configuration that worked/g)?.[1])
        )
        assert.isUndefined(ptp4l())
        yield* lab.apiServer.start
        yield* readinessIs(200)
        yield* eventually("ptp4l runs", Effect.sync(ptp4l))
        yield* statusWhere("all is well", isWell)
        assert.notInclude(daemon.output(), "\"level\":\"ERROR\"")
      }).pipe(Effect.scoped, Effect.provide(labLayer)))
  }
)
