/** What a daemon does without something that its environment should give: its ports, a directory that can be written. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { createManifests, readDeployedKinds } from "../../src/programs/cli/demo/CreateManifests.ts"
import { childrenOf, eventually, labLayer, labMissing, makeLab, startDaemon } from "./Lab.ts"
import { clientProfile, configOf, healthPort, readiness } from "./LabNode.ts"

const live = Effect.provide(labLayer)
const metricsPort = "19091"

/** Somebody else on a port of the node. */
const occupy = (port: string) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer((socket) => void socket.destroy())
      server.listen(Number(port), () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

const free = (server: Server) => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))

const times = (text: string, part: string) => text.split(part).length - 1

describe.skipIf(labMissing !== undefined)(
  `what the environment lacks${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live(
      "ports that are taken are told once and used when they are free, and ptp4l does not wait for them",
      () =>
        Effect.gen(function*() {
          const lab = yield* makeLab
          yield* createManifests(lab.server, yield* readDeployedKinds)
          yield* createManifests(lab.server, [configOf("lab", 4, clientProfile())])
          const others = [yield* occupy(metricsPort), yield* occupy(healthPort)]
          const daemon = yield* startDaemon(lab, { METRICS_PORT: metricsPort, HEALTH_PORT: healthPort })
          const ptp4l = () =>
            childrenOf(`${lab.directory}/run`).find(({ command }) => command.includes("/ptp4l-client-"))?.pid
          const pid = yield* eventually("ptp4l runs", Effect.sync(ptp4l))
          yield* Effect.forEach(others, free)
          yield* eventually("ready", Effect.map(readiness, (answer) => answer?.status === 200 ? answer : undefined))
          yield* eventually(
            "both are used",
            Effect.sync(() => times(daemon.output(), "listens on the port that was taken") === 2 ? true : undefined)
          )
          for (const setting of ["METRICS_PORT", "HEALTH_PORT"]) {
            assert.strictEqual(times(daemon.output(), `cannot listen on ${setting}`), 1)
          }
          assert.strictEqual(ptp4l(), pid)
          yield* daemon.kill("SIGTERM")
          assert.strictEqual(yield* daemon.exit, 0)
        }).pipe(Effect.scoped, live),
      60_000
    )

    it.live("a run directory that is read-only is told in one line, with exit code 1", () =>
      Effect.gen(function*() {
        const lab = yield* makeLab
        const directory = `${lab.directory}/run`
        mkdirSync(directory)
        const mount = `mount -t tmpfs tmpfs ${directory} && mount -o remount,ro ${directory} && exec "$@"`
        const daemon = yield* startDaemon(lab, {}, { starter: ["unshare", "--mount", "sh", "-c", mount, "sh"] })
        assert.strictEqual(yield* daemon.exit, 1)
        assert.strictEqual(
          daemon.output(),
          `error: cannot use the run directory ${directory}: EROFS: read-only file system, access '${directory}'\n`
        )
      }).pipe(Effect.scoped, live))
  }
)
