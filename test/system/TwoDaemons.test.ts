/**
 * Two daemons on one machine: whatever they share, there are never two ptp4l on one NIC, and neither ends what the other
 * runs.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { createManifests } from "../../src/programs/cli/demo/CreateManifests.ts"
import { eventually, labLayer, labMissing, startDaemon } from "./Lab.ts"
import { clientProfile, configOf, isWell, makeNode } from "./LabNode.ts"

const live = Effect.provide(labLayer)

/** Pids of every ptp4l in the namespace of the node, whoever started it. */
const ptp4lOf = (namespace: string): ReadonlyArray<number> =>
  execFileSync("ip", ["netns", "pids", namespace], { encoding: "utf8" }).split("\n").filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "latin1") === "ptp4l\n"
    } catch {
      return false
    }
  }).map(Number)

/** A daemon that runs a ptp4l, and what another one does on the same machine. */
const makeFirst = Effect.gen(function*() {
  const node = yield* makeNode
  const manifest = configOf("lab", 4, clientProfile())
  const match = [{ nodeName: "worker-1" }, { nodeName: "worker-2" }]
  const recommend = [{ profile: "client", priority: 4, match }]
  yield* createManifests(node.lab.server, [{ ...manifest, spec: { profile: [clientProfile()], recommend } }])
  yield* node.statusWhere("all is well", isWell)
  const before = ptp4lOf(node.lab.node)
  assert.strictEqual(before.length, 1)
  const second = (env: Readonly<Record<string, string>> = {}, starter: ReadonlyArray<string> = []) =>
    startDaemon(node.lab, { NODE_NAME: "worker-2", LINUXPTP_STATE_DIR: `${node.lab.directory}/state2`, ...env }, {
      starter
    })
  const staysAlone = () => assert.deepStrictEqual(ptp4lOf(node.lab.node), before)
  return { ...node, second, staysAlone, before }
})

const saying = (daemon: { readonly output: () => string }, text: string) =>
  eventually(text, Effect.sync(() => daemon.output().includes(text) ? true : undefined)).pipe(
    Effect.tapDefect(() => Effect.sync(() => console.error(daemon.output())))
  )

describe.skipIf(labMissing !== undefined)(
  `two daemons${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("cannot use one run directory, with other ports or after it was removed", () =>
      Effect.gen(function*() {
        const { daemon, runDirectory, second, staysAlone } = yield* makeFirst
        for (const env of [{}, { METRICS_PORT: "19091", HEALTH_PORT: "18081" }]) {
          const other = yield* second(env)
          assert.strictEqual(yield* other.exit, 1)
          assert.include(
            other.output(),
            `another linuxptp-daemon is running on it: another linuxptp-daemon, pid ${daemon.pid}`
          )
          staysAlone()
        }
        rmSync(runDirectory, { recursive: true })
        const late = yield* second()
        assert.strictEqual(yield* late.exit, 1)
        assert.include(late.output(), "another linuxptp-daemon is running on it")
        staysAlone()
        yield* eventually("it is made anew", Effect.sync(() => existsSync(runDirectory) ? true : undefined))
        const later = yield* second()
        assert.strictEqual(yield* later.exit, 1)
        staysAlone()
        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.exit, 0)
      }).pipe(Effect.scoped, live), 60_000)

    for (
      const [what, own, mount] of [
        ["another directory", "run2", []],
        ["another directory of the same name", "run", [
          "unshare",
          "-m",
          "sh",
          "-c",
          `mount -t tmpfs none "$0" && exec "$@"`
        ]]
      ] as const
    ) {
      it.live(
        `cannot use one NIC: the second waits, on ${what}, and takes over when the first ends`,
        () =>
          Effect.gen(function*() {
            const { before, daemon, lab, second, staysAlone } = yield* makeFirst
            const directory = `${lab.directory}/${own}`
            mkdirSync(directory, { recursive: true })
            const other = yield* second(
              { LINUXPTP_RUN_DIR: directory },
              mount.length === 0 ? mount : [...mount, directory]
            )
            yield* saying(other, `nic0 is in use by another linuxptp-daemon, pid ${daemon.pid}`)
            assert.notInclude(other.output(), "ending processes of an earlier daemon")
            staysAlone()
            yield* daemon.kill("SIGKILL")
            yield* daemon.exit
            const after = yield* eventually(
              "one ptp4l of the second",
              Effect.sync(() => {
                const now = ptp4lOf(lab.node)
                return now.length === 1 && now[0] !== before[0] ? now : undefined
              })
            )
            yield* other.kill("SIGTERM")
            assert.strictEqual(yield* other.exit, 0)
            assert.notDeepEqual(after, before)
            assert.deepStrictEqual(ptp4lOf(lab.node), [])
          }).pipe(Effect.scoped, live),
        60_000
      )
    }
  }
)
